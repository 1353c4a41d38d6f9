import numpy as np
import pytest
import zarr

from napari_nucleus.core import FlowMaps, HoverMaps, NucleusError
from napari_nucleus.io import read_maps, write_maps

RANDOM = np.random.default_rng(0).random((5, 530, 20), dtype=np.float32)
TYPES = RANDOM[:3] / RANDOM[:3].sum(0)


@pytest.mark.parametrize(
    "maps",
    [
        HoverMaps(RANDOM[0], RANDOM[1:3], TYPES, RANDOM[4], mpp=0.3),
        HoverMaps(RANDOM[0], RANDOM[1:3]),
        FlowMaps(RANDOM[1:3], RANDOM[0], TYPES, mpp=0.5),
        FlowMaps(RANDOM[1:3], RANDOM[0]),
    ],
)
def test_maps_come_back_exactly(maps, tmp_path):
    write_maps(tmp_path / "a.maps.zarr", maps)
    read = read_maps(tmp_path / "a.maps.zarr")
    assert type(read) is type(maps)
    assert read.mpp == maps.mpp
    for name in ("np_prob", "hv", "type_prob", "boundary", "flow", "prob"):
        expected = getattr(maps, name, None)
        assert (getattr(read, name, None) is None) == (expected is None)
        if expected is not None:
            np.testing.assert_array_equal(getattr(read, name), expected)


def test_writing_again_replaces_everything(tmp_path):
    write_maps(tmp_path / "a.zarr", HoverMaps(RANDOM[0], RANDOM[1:3], TYPES))
    write_maps(tmp_path / "a.zarr", HoverMaps(RANDOM[0], RANDOM[1:3]))
    assert read_maps(tmp_path / "a.zarr").type_prob is None
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


def test_what_holds_no_maps_is_refused(tmp_path):
    zarr.open_group(str(tmp_path / "other.zarr"), mode="w")
    (tmp_path / "empty.zarr").mkdir()
    for name in ("other", "empty", "missing"):
        with pytest.raises(NucleusError, match=r"Expected .* File: "):
            read_maps(tmp_path / f"{name}.zarr")
