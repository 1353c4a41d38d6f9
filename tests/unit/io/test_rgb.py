import dask.array
import numpy as np
import pytest
import zarr

from napari_nucleus.core import NucleusError
from napari_nucleus.io import as_rgb

TISSUE = np.random.default_rng(0).integers(0, 256, (6, 5, 3)).astype(np.uint8)
TISSUE[0, 0] = 0, 128, 255
GREY = TISSUE[..., :1].repeat(3, axis=2)
OPAQUE = np.full((6, 5, 1), 255, np.uint8)


@pytest.mark.parametrize(
    "array",
    [
        TISSUE,
        TISSUE.astype(np.uint16),
        TISSUE.astype(np.int64),
        TISSUE.astype(np.float32),
        TISSUE / 255,
        (TISSUE / 255).astype(np.float16),
        np.rint(TISSUE / 255 * 4095).astype(np.uint16),
        TISSUE.astype(np.uint16) * 257,
        np.moveaxis(TISSUE, -1, 0),
        TISSUE[None],
        np.moveaxis(TISSUE, -1, 0)[None, None],
        TISSUE[:, :, None],
        np.concatenate([TISSUE, OPAQUE], axis=2),
        np.moveaxis(np.concatenate([TISSUE, OPAQUE], axis=2), -1, 0),
        TISSUE.tolist(),
        dask.array.from_array(TISSUE, chunks=4),
        zarr.array(TISSUE),
    ],
    ids=lambda a: f"{type(a).__module__}-{getattr(a, 'dtype', '')}-{getattr(a, 'shape', '')}",
)
def test_the_same_tissue_from_any_form(array):
    rgb = as_rgb(array)
    assert rgb.dtype == np.uint8
    assert rgb.flags.c_contiguous
    np.testing.assert_allclose(rgb, TISSUE.astype(float), atol=1 if getattr(array, "dtype", None) == np.float16 else 0)


@pytest.mark.parametrize(
    "array", [GREY[..., 0], GREY[..., :1], GREY[None, ..., 0], np.concatenate([GREY[..., :1], OPAQUE], 2)]
)
def test_grey(array):
    np.testing.assert_array_equal(as_rgb(array), GREY)


def test_bool_is_black_and_white():
    np.testing.assert_array_equal(as_rgb(np.array([[True, False]])), [[[255] * 3, [0] * 3]])


def test_alpha_lies_on_white_glass():
    half = np.array([[[0, 100, 255, 128], [10, 20, 30, 0]]], np.uint8)
    np.testing.assert_array_equal(as_rgb(half), [[[127, 177, 255], [255, 255, 255]]])


def test_any_other_float_range_is_stretched():
    np.testing.assert_array_equal(as_rgb(np.array([[-2.0, 0.0, 2.0]]))[0, :, 0], [0, 128, 255])
    np.testing.assert_array_equal(as_rgb(np.array([[0.0, 65535.0]]))[0, :, 0], [0, 255])


def test_overshoot_of_resampling_is_clipped():
    np.testing.assert_array_equal(as_rgb(np.array([[-0.04, 0.0, 1.0, 1.05]]))[0, :, 0], [0, 0, 255, 255])


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (3, 1, 1), (1, 1, 1), (1, 1, 4), (1, 7), (1, 2, 3), (2, 1, 3)])
def test_tiny_images(shape):
    rgb = as_rgb(np.zeros(shape, np.uint8))
    assert rgb.ndim == 3
    assert rgb.shape[2] == 3


def test_rgb_is_not_copied():
    assert np.shares_memory(as_rgb(TISSUE), TISSUE)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 9, 9, 3), np.uint8), "stack of 4"),
        (np.zeros((7, 9, 9), np.uint8), "stack of 7"),
        (np.zeros((2, 9, 9), np.uint8), "stack of 2"),
        (dask.array.zeros((10**6, 4096, 4096, 3), dtype=np.uint8), "stack of 1000000"),
        (np.zeros((0, 5, 3), np.uint8), "empty"),
        (np.zeros(5), "two dimensions"),
        (np.float32(3), "two dimensions"),
        (np.array([[1, -1]]), "-1"),
        (np.array([[70000]]), "70000"),
        (np.array([[1j]]), "complex"),
        (np.array([["a"]]), "numbers"),
        (np.array([[1.0, 2.0], [3.0, np.nan]]), "row 1, column 1"),
        (np.array([[1.0, np.inf]]), "column 1"),
    ],
)
def test_what_is_not_one_image_is_refused(array, words):
    with pytest.raises(NucleusError, match=r"Expected .*, got .*\. .*\.") as error:
        as_rgb(array)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
