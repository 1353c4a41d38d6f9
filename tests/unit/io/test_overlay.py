import numpy as np
import pytest
from PIL import Image as Picture

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io import draw_overlay, write_overlay

GLASS = np.full((60, 200, 3), 230, np.uint8)
VERMILION, BLACK = (213, 94, 0), (0, 0, 0)


@pytest.fixture
def nuclei() -> NucleusMap:
    labels = np.zeros((60, 200), np.int32)
    labels[10:30, 10:30] = 1
    labels[10:30, 30:50] = 2
    labels[40:45, 10:15] = 3
    return NucleusMap.from_labels(labels, classes="consep", class_of={1: 3, 2: 2})


def test_outlines_lie_inside_and_have_the_color_of_the_class(nuclei):
    drawn = draw_overlay(GLASS, nuclei)
    assert drawn.shape == GLASS.shape
    np.testing.assert_array_equal(drawn[nuclei.labels == 0], GLASS[nuclei.labels == 0])
    assert tuple(drawn[10, 20]) == tuple(drawn[11, 20]) == VERMILION
    assert tuple(drawn[12, 20]) == (230, 230, 230)
    assert tuple(drawn[20, 29]) == VERMILION
    assert tuple(drawn[20, 30]) == (86, 180, 233)


def test_small_and_unknown_nuclei_are_seen(nuclei):
    drawn = draw_overlay(GLASS, nuclei)
    assert tuple(drawn[40, 12]) == BLACK
    assert tuple(drawn[41, 12]) == (230, 230, 230)


def test_the_image_itself_stays(nuclei):
    draw_overlay(GLASS, nuclei)
    assert (GLASS == 230).all()


@pytest.mark.parametrize("width", [20, 200, 3000])
def test_the_legend_is_a_strip_below(width):
    labels = np.zeros((60, width), np.int32)
    labels[5:15, 2:12] = 1
    image = np.full((60, width, 3), 230, np.uint8)
    drawn = draw_overlay(image, NucleusMap.from_labels(labels, classes="consep", class_of={1: 3}), legend=True)
    assert drawn.shape[1] == width
    assert drawn.shape[0] > 60
    assert (drawn[60:] == VERMILION).all(axis=-1).any()


def test_written_as_png(nuclei, tmp_path):
    write_overlay(tmp_path / "a.overlay.png", GLASS, nuclei)
    written = np.asarray(Picture.open(tmp_path / "a.overlay.png"))
    np.testing.assert_array_equal(written, draw_overlay(GLASS, nuclei, legend=True))


def test_another_size_is_refused(nuclei):
    with pytest.raises(NucleusError, match="Expected"):
        draw_overlay(GLASS[:-1], nuclei)


def test_no_nuclei():
    nothing = NucleusMap.from_labels(np.zeros((60, 200), np.int32))
    np.testing.assert_array_equal(draw_overlay(GLASS, nothing), GLASS)
