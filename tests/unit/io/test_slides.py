from concurrent.futures import ThreadPoolExecutor

import dask.array
import numpy as np
import pytest
import tifffile

from napari_nucleus.core import Image
from napari_nucleus.io import read_image

TISSUE = np.random.default_rng(0).integers(0, 256, (640, 768, 3)).astype(np.uint8)
HALF = TISSUE[::2, ::2]


@pytest.fixture(params=["ome", "ome channels first", "generic", "aperio"])
def slide(request, tmp_path) -> Image:
    """Four layouts of a pyramid; the last is read by OpenSlide."""
    path = tmp_path / {"generic": "slide.tif", "aperio": "slide.svs"}.get(request.param, "slide.ome.tif")
    options = {"photometric": "rgb", "tile": (128, 128), "compression": "zlib"}
    if request.param == "aperio":
        description = "Aperio Image Library v1.0\n768x640 (128x128) RAW|AppMag = 40|MPP = 0.25"
        options |= {"description": description, "metadata": None, "compression": None}
    else:
        options |= {"resolution": (40_000, 40_000), "resolutionunit": "CENTIMETER"}
    with tifffile.TiffWriter(path, ome="ome" in request.param) as tiff:
        if request.param == "ome channels first":
            tiff.write(np.moveaxis(TISSUE, -1, 0), subifds=1, planarconfig="separate", **options)
            tiff.write(np.moveaxis(HALF, -1, 0), subfiletype=1, planarconfig="separate", **options)
        else:
            tiff.write(TISSUE, **({"subifds": 1} if request.param == "ome" else {}), **options)
            tiff.write(HALF, subfiletype=1, **options)
    return read_image(path)


def test_levels_are_lazy_and_have_their_size(slide):
    assert [level.shape for level in slide.levels] == [(640, 768, 3), (320, 384, 3)]
    assert not any(isinstance(level, np.ndarray) for level in slide.levels)
    assert slide.mpp == pytest.approx(0.25)
    np.testing.assert_array_equal(slide.levels[1][...], HALF)


@pytest.mark.parametrize(
    "key",
    [
        np.s_[100:300, 200:500],
        np.s_[:, :, 1],
        np.s_[5],
        np.s_[-1, -1],
        np.s_[::7, 3::5],
        np.s_[..., 0],
        np.s_[600:900, 700:],
        np.s_[10:10],
        np.s_[3, 4, 2],
        np.s_[:, -20:-10, ::-1],
    ],
)
def test_slicing_is_that_of_numpy(slide, key):
    np.testing.assert_array_equal(slide.levels[0][key], TISSUE[key])


def test_region_and_array(slide):
    np.testing.assert_array_equal(slide.region(630, 760, 50, 50), TISSUE[630:, 760:])
    np.testing.assert_array_equal(slide.array, TISSUE)


def test_out_of_range_is_an_index_error(slide):
    with pytest.raises(IndexError):
        slide.levels[0][640]


def test_dask_reads_it_from_many_threads(slide):
    wrapped = dask.array.from_array(slide.levels[0], chunks=(100, 90, 3))
    np.testing.assert_array_equal(wrapped.compute(scheduler="threads", num_workers=8), TISSUE)


def test_many_threads_read_at_once(slide):
    corners = [(y, x) for y in range(0, 600, 40) for x in range(0, 700, 70)]
    with ThreadPoolExecutor(8) as pool:
        for (y, x), window in zip(corners, pool.map(lambda at: slide.region(*at, 33, 44), corners), strict=True):
            np.testing.assert_array_equal(window, TISSUE[y : y + 33, x : x + 44])
