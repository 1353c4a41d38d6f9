import numpy as np
import pytest

from napari_nucleus.io.outlines import fill, outlines


def test_a_pixel_is_a_square():
    ((ring,),) = outlines(np.array([[0, 0], [0, 5]], np.int32))[5]
    assert ring[0] == ring[-1]
    assert set(ring) == {(1, 1), (2, 1), (2, 2), (1, 2)}


def test_straight_sides_have_no_points_between():
    ((ring,),) = outlines(np.full((30, 20), 3, np.int32))[3]
    assert len(ring) == 5


def test_a_hole_is_an_inner_ring():
    labels = np.ones((5, 5), np.int32)
    labels[2, 2] = 0
    ((shell, hole),) = outlines(labels)[1]
    assert len(shell) == len(hole) == 5


def test_corners_do_not_join_pieces():
    assert len(outlines(np.eye(3, dtype=np.int32))[1]) == 3


def test_a_ring_that_closes_at_a_corner_has_a_hole():
    labels = np.ones((3, 3), np.int32)
    labels[0, 0] = labels[1, 1] = 0
    ((shell, hole),) = outlines(labels)[1]
    assert len(set(shell)) == len(shell) - 1
    assert len(hole) == 5


def test_no_labels():
    assert outlines(np.zeros((4, 4), np.int32)) == {}


@pytest.mark.parametrize("offset", [(0.0, 0.0), (0.4, -0.4), (-3.0, 2.0), (60.0, 0.0), (-60.0, 60.0)])
def test_fill_takes_the_pixels_whose_centre_is_inside(offset):
    ring = np.array([(4.2, 3.1), (30.7, 8.8), (22.1, 27.3), (9.9, 21.4)]) + offset
    rows, columns, inside = fill([ring], (32, 40))
    found = np.zeros((32, 40), bool)
    found[rows, columns] = inside
    y, x = np.mgrid[:32, :40] + 0.5
    sides = [
        (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0
        for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True)
    ]
    np.testing.assert_array_equal(found, np.all(sides, axis=0))
