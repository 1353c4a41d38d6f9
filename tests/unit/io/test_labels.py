import numpy as np
import pytest
import tifffile
from PIL import Image as Picture

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io import read_labels, write_labels


def _nuclei(largest: int, mpp: float = 0.25) -> NucleusMap:
    labels = np.zeros((40, 50), np.int32)
    labels[3:9, 4:11] = 1
    labels[20:30, 20:31] = largest
    return NucleusMap.from_labels(labels, mpp=mpp)


@pytest.mark.parametrize(("largest", "dtype"), [(7, np.uint16), (65535, np.uint16), (65536, np.uint32)])
def test_written_with_the_fewest_bits(largest, dtype, tmp_path):
    nuclei = _nuclei(largest)
    write_labels(tmp_path / "a.labels.tif", nuclei)
    assert tifffile.imread(tmp_path / "a.labels.tif").dtype == dtype
    labels, mpp = read_labels(tmp_path / "a.labels.tif")
    np.testing.assert_array_equal(labels, nuclei.labels)
    assert labels.dtype == np.int32
    assert mpp == pytest.approx(0.25)


@pytest.mark.parametrize("mpp", [0.06, 0.2271, 0.499, 1 / 3, 10])
def test_the_pixel_size_comes_back(mpp, tmp_path):
    write_labels(tmp_path / "a.tif", _nuclei(2, mpp))
    assert read_labels(tmp_path / "a.tif")[1] == pytest.approx(mpp, rel=1e-6)


def test_an_image_without_nuclei(tmp_path):
    write_labels(tmp_path / "a.tif", NucleusMap.from_labels(np.zeros((5, 6), np.int32)))
    np.testing.assert_array_equal(read_labels(tmp_path / "a.tif")[0], np.zeros((5, 6)))


@pytest.mark.parametrize("suffix", [".png", ".npy", ".npz", ".tif"])
def test_other_formats(suffix, tmp_path):
    labels, path = _nuclei(9).labels, tmp_path / f"a{suffix}"
    if suffix == ".png":
        Picture.fromarray(labels.astype(np.uint16)).save(path)
    elif suffix == ".npy":
        np.save(path, labels)
    elif suffix == ".npz":
        np.savez(path, inst=labels)
    else:
        tifffile.imwrite(path, labels[None].astype(np.float32))
    read, mpp = read_labels(path)
    np.testing.assert_array_equal(read, labels)
    assert mpp is None


def test_a_palette_png_holds_indices(tmp_path):
    picture = Picture.fromarray(_nuclei(9).labels.astype(np.uint8), "L")
    picture.putpalette(np.random.default_rng(0).integers(0, 256, 768).astype(np.uint8).tobytes())
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_labels(tmp_path / "a.png")[0], _nuclei(9).labels)


@pytest.mark.parametrize(
    "content",
    [np.zeros((5, 5, 3)), np.zeros((4, 5, 5)), np.full((5, 5), 0.5), np.full((5, 5), -1), np.zeros((5, 5), "U1")],
)
def test_what_is_no_label_image_is_refused(content, tmp_path):
    np.save(tmp_path / "a.npy", content)
    with pytest.raises(NucleusError, match=r"Expected .* File: .*a\.npy"):
        read_labels(tmp_path / "a.npy")
