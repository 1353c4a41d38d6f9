import shutil
import time

import numpy as np
import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.io import open_patches


@pytest.mark.parametrize("dtype", [np.float64, np.uint8, np.int32])
@pytest.mark.parametrize("layout", ["published", "flat"])
def test_a_fold_opens(write_fold, dtype, layout):
    patches = open_patches(write_fold(dtype=dtype, layout=layout))
    patch = patches.patch(1)
    assert (len(patches), patch.tissue, patch.image.mpp, patch.truth.scheme.name) == (5, "Colon", 0.25, "pannuke")
    assert len(set(patches.names)) == 5
    assert patches.names[1] == patch.name
    expected = np.random.default_rng(0).integers(2, 256, (5, 32, 32, 3))[1]
    np.testing.assert_array_equal(patch.image.array, expected)


def test_equal_ids_of_two_classes_are_two_nuclei(write_fold):
    truth = open_patches(write_fold()).patch(0).truth
    assert truth.counts() == {"neoplastic": 2, "inflammatory": 1, "connective": 0, "dead": 1, "epithelial": 1}
    assert truth.type_map()[22, 5] == 2
    assert truth.type_map()[22, 23] == 4  # an overlap belongs to the first class
    assert truth.type_map()[22, 21] == 5
    assert sorted(truth.table["area_um2"] / 0.25**2) == [18, 30, 36, 36, 48]


@pytest.mark.parametrize("place", ["..", ".", "images", "images/fold1"])
def test_any_folder_of_the_published_layout_will_do(write_fold, place):
    assert len(open_patches((write_fold() / place).resolve())) == 5


def test_the_folder_of_several_folds_opens_them_all(write_fold, tmp_path):
    fold = write_fold()
    shutil.copytree(fold / "images/fold1", tmp_path / "Fold 2/images/fold2")
    shutil.copytree(fold / "masks/fold1", tmp_path / "Fold 2/masks/fold2")
    patches = open_patches(tmp_path)
    assert len(patches) == len(set(patches.names)) == 10
    assert patches.groups["fold"] == ("fold1",) * 5 + ("fold2",) * 5
    first, second = patches.patch(1), patches.patch(6)
    assert (first.name, second.name, second.tissue) == ("fold1_0001", "fold2_0001", "Colon")
    np.testing.assert_array_equal(first.image.array, second.image.array)
    np.testing.assert_array_equal(first.truth.labels, second.truth.labels)


def test_two_folds_of_one_name_are_refused(write_fold, tmp_path):
    shutil.copytree(write_fold(), tmp_path / "copy")
    with pytest.raises(NucleusError, match="fold1_0000 twice"):
        open_patches(tmp_path)


def test_thousands_of_patches_open_at_once(tmp_path):
    n = 2600
    for name, channels in (("images", 3), ("masks", 6)):  # sparse files: the layout of a fold without its bytes
        with (tmp_path / f"{name}.npy").open("wb") as file:
            header = {"descr": "<f8", "fortran_order": False, "shape": (n, 256, 256, channels)}
            np.lib.format.write_array_header_2_0(file, header)
            file.truncate(file.tell() + n * 256 * 256 * channels * 8)
    np.save(tmp_path / "types.npy", np.array(["Breast"] * n))
    start = time.perf_counter()
    patches = open_patches(tmp_path)
    assert time.perf_counter() - start < 0.2
    assert len(patches) == n
    assert patches.patch(n - 1).image.shape == (256, 256)


def test_filter_by_tissue_and_text(write_fold):
    patches = open_patches(write_fold())
    assert patches.filter(tissue="Breast") == [0, 3]
    assert patches.filter("COLON") == [1, 4]
    assert patches.filter("_0002") == [2]
    assert patches.filter("_0002", tissue="Breast") == []
    assert patches.filter() == [0, 1, 2, 3, 4]


def _cut(path):
    path.write_bytes(path.read_bytes()[:-1000])


def _pickled(path):
    np.save(path, np.array([{"a": 1}] * 5, dtype=object), allow_pickle=True)


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("masks.npy", lambda path: path.unlink(), "nothing of that name.*masks.npy"),
        ("types.npy", lambda path: path.unlink(), "nothing of that name.*types.npy"),
        ("images.npy", lambda path: path.unlink(), "Expected images.npy"),
        ("images.npy", _cut, "broken.*images.npy"),
        ("masks.npy", _cut, "broken.*masks.npy"),
        ("types.npy", _pickled, "broken.*objects.*types.npy"),
        ("images.npy", lambda path: path.write_text("no array"), "broken.*images.npy"),
        ("masks.npy", lambda path: np.save(path, np.zeros((5, 32, 32, 5))), r"masks \(N, H, W, 6\)"),
        ("masks.npy", lambda path: np.save(path, np.zeros((4, 32, 32, 6))), "three files of one fold"),
        ("images.npy", lambda path: np.save(path, np.zeros((5, 32, 32))), "three files of one fold"),
        ("images.npy", lambda path: np.save(path, np.zeros((5, 32, 32, 3), complex)), "got complex128"),
        ("types.npy", lambda path: np.save(path, np.arange(5)), "text in types, got"),
    ],
)
def test_a_damaged_fold_is_one_line(write_fold, name, damage, message):
    fold = write_fold(layout="flat")
    damage(fold / name)
    with pytest.raises(NucleusError, match=message) as error:
        open_patches(fold)
    assert "\n" not in str(error.value)


def test_planes_without_whole_ids_are_refused(write_fold):
    fold = write_fold(layout="flat")
    masks = np.load(fold / "masks.npy")
    masks[0, 0, 0, 0] = 0.5
    np.save(fold / "masks.npy", masks)
    patches = open_patches(fold)
    with pytest.raises(NucleusError, match="whole numbers as labels"):
        patches.patch(0)
    assert len(patches.patch(1).truth) == 5
