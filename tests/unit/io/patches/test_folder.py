import numpy as np
import pytest
from PIL import Image as Picture

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.io import open_patches, write_geojson, write_labels, write_results

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)
INST = np.zeros((40, 60), np.int32)
INST[5:12, 5:12], INST[20:30, 30:45] = 4, 9
TYPE = np.where(INST == 4, 1, np.where(INST == 9, 3, 0)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "patches").mkdir()
    return tmp_path / "patches"


def test_images_of_several_formats_in_natural_order(folder):
    for name in ("t_10.png", "t_2.jpg", "t_1.tif", "T_3.PNG"):
        Picture.fromarray(PIXELS).save(folder / name)
    np.save(folder / "t_20.npy", PIXELS)
    (folder / "notes.txt").write_text("not an image")
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "t_1.overlay.png").write_bytes(b"")
    patches = open_patches(folder)
    assert patches.names == ("t_1", "t_2", "T_3", "t_10", "t_20")
    assert all(patches.patch(i).image.shape == (40, 60) for i in range(len(patches)))
    assert patches.patch(0).truth is None
    assert patches.tissues == (None,) * 5


def test_same_stem_twice_gives_two_patches(folder):
    Picture.fromarray(PIXELS).save(folder / "a.png")
    Picture.fromarray(PIXELS).save(folder / "a.jpg")
    patches = open_patches(folder)
    assert len(set(patches.names)) == 2
    np.testing.assert_array_equal(patches.patch(patches.names.index("a.png")).image.array, PIXELS)


@pytest.mark.parametrize("beside", [True, False])
def test_npz_with_the_image_inside_or_beside(folder, beside):
    arrays = {"inst": INST, "type": TYPE}
    if beside:
        Picture.fromarray(PIXELS).save(folder / "a.png")
    else:
        arrays["image"] = PIXELS
    np.savez_compressed(folder / "a.npz", **arrays)
    patches = open_patches(folder, classes="consep", mpp=0.25)
    patch = patches.patch(0)
    assert len(patches) == 1
    np.testing.assert_array_equal(patch.image.array, PIXELS)
    np.testing.assert_array_equal(patch.truth.labels, INST)
    assert patch.truth.counts() == {"other": 1, "inflammatory": 0, "epithelial": 1, "spindle-shaped": 0}
    assert patch.image.mpp == patch.truth.mpp == 0.25


@pytest.mark.parametrize(
    ("name", "classes", "mpp"),
    [("consep", "consep", 0.25), ("NuCLS", "nucls", 0.2), ("mine", "classes", None)],
)
def test_scheme_and_pixel_size_by_the_folder_name(tmp_path, name, classes, mpp):
    (tmp_path / name).mkdir()
    np.savez(tmp_path / name / "a.npz", inst=INST, type=TYPE, image=PIXELS)
    patch = open_patches(tmp_path / name).patch(0)
    assert patch.truth.scheme.name == classes
    assert patch.image.mpp == mpp
    if classes == "classes":
        assert patch.truth.counts() == {"class_1": 1, "class_2": 0, "class_3": 1}


def test_truth_without_classes(folder):
    np.savez(folder / "a.npz", inst=INST, image=PIXELS)
    assert open_patches(folder).patch(0).truth.counts() == {"nucleus": 2}


def test_an_npz_of_an_image_alone_has_no_truth(folder):
    np.savez(folder / "a.npz", image=PIXELS)
    assert open_patches(folder).patch(0).truth is None


def test_truth_from_our_own_labels(folder):
    Picture.fromarray(PIXELS).save(folder / "a.png")
    write_labels(folder / "a.labels.tif", NucleusMap.from_labels(INST, mpp=0.25))
    patches = open_patches(folder)
    assert patches.names == ("a",)
    np.testing.assert_array_equal(patches.patch(0).truth.labels, INST)


def test_thumbnails_are_square_and_look_like_the_middle(folder):
    pixels = np.zeros((100, 300, 3), np.uint8)
    pixels[:, 100:200] = (200, 100, 50)
    Picture.fromarray(pixels).save(folder / "wide.png")
    Picture.fromarray(PIXELS[:5, :5]).save(folder / "a_tiny.png")
    patches = open_patches(folder)
    thumbnail = patches.thumbnail(1, 64)
    assert thumbnail.shape == (64, 64, 3)
    assert thumbnail.dtype == np.uint8
    assert np.abs(thumbnail.astype(int) - (200, 100, 50)).max() <= 1
    assert patches.thumbnail(0).shape == (96, 96, 3)


def test_a_broken_patch_is_one_line_and_spares_the_others(folder):
    Picture.fromarray(PIXELS).save(folder / "a.png")
    (folder / "b.png").write_text("no picture")
    np.savez(folder / "c.npz", image=PIXELS, inst=INST[:10])
    np.savez(folder / "d.npz", image=PIXELS, inst=INST, type=TYPE.astype(float))
    np.savez(folder / "e.npz", image=PIXELS, inst=INST, type=TYPE[:10])
    (folder / "f.npz").write_bytes((folder / "c.npz").read_bytes()[:-200])
    np.savez(folder / "g.npz", inst=INST)
    patches = open_patches(folder)
    assert len(patches) == 7
    assert patches.patch(0).image.shape == (40, 60)
    for i in range(1, 7):
        with pytest.raises(NucleusError, match=rf"{patches.names[i]}\.(png|npz)") as error:
            patches.patch(i)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["empty", "missing", "file"])
def test_no_folder_of_patches(folder, kind):
    path = {"empty": folder, "missing": folder / "nowhere", "file": folder / "a.txt"}[kind]
    if kind == "file":
        path.write_text("text")
    with pytest.raises(NucleusError, match="folder"):
        open_patches(path)


def test_wrong_scheme_and_pixel_size_are_told_at_once(folder):
    Picture.fromarray(PIXELS).save(folder / "a.png")
    with pytest.raises(NucleusError, match="class scheme"):
        open_patches(folder, classes="konsep")
    with pytest.raises(NucleusError, match="mpp"):
        open_patches(folder, mpp=0)


def test_labels_with_their_table_have_classes(folder):
    nuclei = NucleusMap.from_labels(INST, mpp=0.25, classes="consep", type_map=TYPE)
    Picture.fromarray(PIXELS).save(folder / "a.png")
    write_results(folder, "a", nuclei, None, ("labels", "csv"))
    assert open_patches(folder).patch(0).truth.counts()["epithelial"] == 1


@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy", ".npz", ".geojson"])
def test_images_and_labels_in_two_folders(folder, suffix):
    (folder / "Images").mkdir()
    (folder / "masks").mkdir()
    Picture.fromarray(PIXELS).save(folder / "Images" / "a.png")
    Picture.fromarray(PIXELS).save(folder / "Images" / "b.png")
    path = folder / "masks" / f"a{suffix}"
    nuclei = NucleusMap.from_labels(INST, mpp=0.25)
    if suffix in (".png", ".tif"):
        Picture.fromarray(INST.astype(np.uint16)).save(path)
    elif suffix == ".geojson":
        write_geojson(path, nuclei)
    else:
        np.save(path, INST) if suffix == ".npy" else np.savez(path, inst=INST)
    patches = open_patches(folder)
    assert patches.names == ("a", "b")
    np.testing.assert_array_equal(patches.patch(0).truth.labels > 0, INST > 0)
    assert patches.patch(1).truth is None
