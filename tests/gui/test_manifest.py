from pathlib import Path

import numpy as np
import pytest
import tifffile
from npe2 import PluginManager, PluginManifest
from PIL import Image as Picture

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.gui.layers import add_nuclei, nuclei_in
from napari_nucleus.gui.reader import get_reader
from napari_nucleus.io import read_csv, read_geojson, read_labels, write_csv, write_labels

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)


@pytest.fixture
def nuclei():
    labels = np.zeros((40, 60), np.int32)
    labels[4:12, 4:12], labels[20:30, 30:45] = 3, 8
    return NucleusMap.from_labels(labels, mpp=0.5, classes="consep", class_of={3: 2, 8: 4})


@pytest.fixture
def slide(tmp_path):
    path = tmp_path / "slide.tif"
    with tifffile.TiffWriter(path) as tiff:
        options = {"photometric": "rgb", "tile": (16, 16), "resolution": (20_000, 20_000)}
        tiff.write(PIXELS, subifds=1, resolutionunit="CENTIMETER", **options)
        tiff.write(PIXELS[::2, ::2], subfiletype=1, **options)
    return path


def test_the_manifest_is_valid_and_all_it_names_exists():
    manifest = PluginManifest.from_distribution("napari-nucleus")
    manifest.validate_imports()
    widgets = {widget.display_name for widget in manifest.contributions.widgets}
    assert {"Segment nuclei", "Browse patches", "Evaluate", "Composition", "Train", "Correct nuclei"} <= widgets


@pytest.mark.parametrize("name", ["a.png", "a.JPG", "a.tif", "a.npy", "folder.x/a.svs", "a.ndpi"])
def test_our_reader_is_offered_for_images_and_slides(name):
    plugins = PluginManager()
    plugins.register(PluginManifest.from_distribution("napari-nucleus"))
    found = plugins.iter_compatible_readers([name])
    assert "napari-nucleus.read" in [reader.command for reader in found]


@pytest.mark.parametrize("path", ["a.txt", "https://example.org/a.png", ["a.png", "b.png"], "folder"])
def test_the_rest_is_left_to_others(path):
    assert get_reader(path) is None


@pytest.mark.parametrize("suffix", [".png", ".npy"])
def test_an_image_without_pixel_size(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    np.save(path, PIXELS) if suffix == ".npy" else Picture.fromarray(PIXELS).save(path)
    [(data, options, kind)] = get_reader(str(path))(str(path))
    np.testing.assert_array_equal(data, PIXELS)
    assert (kind, options["name"], options["metadata"]) == ("image", "a", {"path": str(path)})
    assert "scale" not in options


def test_a_slide_is_lazy_and_multiscale_in_microns(slide):
    [(levels, options, _)] = get_reader([str(slide)])([str(slide)])
    assert [level.shape for level in levels] == [(40, 60, 3), (20, 30, 3)]
    assert not any(isinstance(level, np.ndarray) for level in levels)
    np.testing.assert_array_equal(levels[0][5:9, 7:20], PIXELS[5:9, 7:20])
    assert options["scale"] == pytest.approx((0.5, 0.5))
    assert options["units"] == ("um", "um")
    assert options["metadata"]["mpp"] == pytest.approx(0.5)


def test_a_broken_file_is_one_line(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("no picture")
    with pytest.raises(NucleusError) as error:
        get_reader(path)(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("with_table", [True, False])
def test_labels_come_back_with_their_classes(tmp_path, nuclei, with_table):
    write_labels(tmp_path / "a.labels.tif", nuclei)
    if with_table:
        write_csv(tmp_path / "a.nuclei.csv", nuclei)
    path = str(tmp_path / "a.labels.tif")
    [(data, options, kind)] = get_reader(path)(path)
    assert kind == "labels"
    np.testing.assert_array_equal(data, nuclei.labels)
    classes = ["inflammatory", "spindle-shaped"] if with_table else ["nucleus", "nucleus"]
    assert options["features"]["class"].tolist() == classes
    assert options["scale"] == pytest.approx((0.5, 0.5))


@pytest.mark.window
def test_the_reader_fills_a_viewer(make_napari_viewer_proxy, tmp_path, nuclei, slide):
    write_labels(tmp_path / "a.labels.tif", nuclei)
    write_csv(tmp_path / "a.nuclei.csv", nuclei)
    viewer = make_napari_viewer_proxy()
    viewer.open(slide, plugin="napari-nucleus")
    viewer.open(tmp_path / "a.labels.tif", plugin="napari-nucleus")
    image, labels = viewer.layers
    assert image.multiscale
    assert tuple(image.scale) == pytest.approx((0.5, 0.5))
    assert nuclei_in(labels).counts() == nuclei.counts()


@pytest.mark.window
def test_a_layer_of_nuclei_is_saved_in_three_formats(make_napari_viewer_proxy, tmp_path, nuclei):
    viewer = make_napari_viewer_proxy()
    layer = add_nuclei(viewer, nuclei)
    for name in ("a.geojson", "a.csv", "a.labels.tif"):
        assert layer.save(str(tmp_path / name)) == [str(tmp_path / name)]
    labels, mpp = read_labels(tmp_path / "a.labels.tif")
    np.testing.assert_array_equal(labels, nuclei.labels)
    assert mpp == pytest.approx(0.5)
    assert read_csv(tmp_path / "a.csv")["class"].tolist() == ["inflammatory", "spindle-shaped"]
    back = read_geojson(tmp_path / "a.geojson", shape=(40, 60), mpp=0.5, classes="consep")
    assert back.counts() == nuclei.counts()


@pytest.mark.window
def test_any_labels_layer_can_be_saved_as_nuclei(make_napari_viewer_proxy, tmp_path, nuclei):
    viewer = make_napari_viewer_proxy()
    layer = viewer.add_labels(nuclei.labels, scale=(500, 500), units=("nm", "nm"))
    layer.save(str(tmp_path / "a.csv"))
    table = read_csv(tmp_path / "a.csv")
    assert table["class"].tolist() == ["nucleus", "nucleus"]
    assert table["area_um2"].tolist() == [16, 37.5]
    stack = viewer.add_labels(np.zeros((2, 5, 5), int))
    with pytest.raises(OSError, match="napari's own writer"):
        stack.save(str(tmp_path / "b.csv"))


@pytest.mark.window
def test_sample_data(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    viewer.open_sample("napari-nucleus", "consep")
    assert [layer.name for layer in viewer.layers] == ["consep_test_10", "truth"]
    assert viewer.layers[1].features["class"].nunique() == 3
    assert tuple(viewer.layers[0].scale) == (0.25, 0.25)
    viewer.open_sample("napari-nucleus", "slide")
    assert viewer.layers[2].multiscale
    assert tuple(viewer.layers[2].scale) == pytest.approx((0.499, 0.499), abs=1e-4)


def test_patterns_of_the_manifest_are_formats_that_we_read():
    patterns = PluginManifest.from_distribution("napari-nucleus").contributions.readers[0].filename_patterns
    assert all(get_reader(str(Path("x").with_suffix(pattern[1:]))) is not None for pattern in patterns)
