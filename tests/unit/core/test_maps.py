import numpy as np
import pytest

from napari_nucleus.core import FlowMaps, HoverMaps, NucleusError

PLANE, PAIR, KINDS = np.zeros((4, 6)), np.zeros((2, 4, 6)), np.full((5, 4, 6), 0.2)


def test_maps_become_float32():
    maps = HoverMaps(PLANE, PAIR, KINDS)
    assert maps.shape == (4, 6)
    assert maps.np_prob.dtype == maps.hv.dtype == maps.type_prob.dtype == np.float32
    assert FlowMaps(PAIR, PLANE).shape == (4, 6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HoverMaps(PLANE, PAIR[:, :3]), r"hv of shape \(2, 4, 6\)"),
        (lambda: HoverMaps(PLANE, PAIR, KINDS[:, :, :5]), "type_prob"),
        (lambda: HoverMaps(PLANE, PAIR, boundary=PAIR), "boundary"),
        (lambda: HoverMaps(PLANE + np.nan, PAIR), "finite numbers in np_prob"),
        (lambda: HoverMaps(PLANE, PAIR, mpp=0), "mpp above 0"),
        (lambda: FlowMaps(PLANE, PLANE), "flow of shape"),
        (lambda: HoverMaps(PLANE[0], PAIR), "shape"),
    ],
)
def test_maps_that_do_not_fit(make, message):
    with pytest.raises(NucleusError, match=message):
        make()
