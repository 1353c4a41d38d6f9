import time

import numpy as np
import pytest
import tifffile
from napari.utils.notifications import notification_manager
from PIL import Image as Picture
from qtpy.QtCore import Qt
from skimage.measure import label

from napari_nucleus.app.browse import BrowseController
from napari_nucleus.app.segment import SegmentController
from napari_nucleus.core import NucleusMap, Progress
from napari_nucleus.gui.browse import BrowsePanel
from napari_nucleus.gui.browse.grid import ThumbnailModel
from napari_nucleus.gui.segment import SegmentPanel
from napari_nucleus.inference import SegmentResult
from napari_nucleus.io import read_labels
from napari_nucleus.models import ModelCard, add_model, create_model

WAIT_MS = 60_000


def dark_spots(image, model, *, mpp=None, keep_maps=False, pause=0.0, **_):
    """A plain engine in place of the network: what is dark is nucleus."""
    for i in range(3):
        time.sleep(pause)
        yield Progress(i + 1, 3, "looking")
    labels = label(image.array.mean(-1) < 100)
    kinds = np.where(labels > 0, 1 + labels % 4, 0)
    return SegmentResult(NucleusMap.from_labels(labels, mpp=mpp or image.mpp or 0.25, classes="consep", type_map=kinds))


@pytest.fixture
def folder(tmp_path):
    """Five patches; patch k has k dark squares, and where k is even a truth of one nucleus."""
    for k in range(5):
        pixels = np.full((64, 64, 3), 230, np.uint8)
        for i in range(k):
            pixels[8 + 20 * (i // 3) :][:10, 4 + 20 * (i % 3) :][:, :10] = 40
        Picture.fromarray(pixels).save(tmp_path / f"patch_{k}.png")
        inst = np.zeros((64, 64), np.int32)
        inst[40:60, 40:60] = 1
        if k % 2 == 0:
            np.savez(tmp_path / f"patch_{k}.npz", inst=inst, type=(inst * 2).astype(np.uint8))
    return tmp_path


@pytest.fixture
def open_panel(make_napari_viewer_proxy, qtbot):
    def opened(steps=dark_spots):
        viewer = make_napari_viewer_proxy()
        panel = BrowsePanel(viewer, BrowseController(steps=steps))
        viewer.window.add_dock_widget(panel)
        qtbot.waitUntil(panel.queue_bar.model.count, timeout=WAIT_MS)
        panel.folder_bar.mpp.setValue(0.5)
        return viewer, panel

    return opened


@pytest.fixture
def wait(qtbot):
    return lambda condition: qtbot.waitUntil(condition, timeout=WAIT_MS)


def names(viewer):
    return [layer.name for layer in viewer.layers]


def show(viewer, panel, wait, i):
    panel.controller.select(i)
    wait(lambda: f"patch_{i}" in names(viewer))


@pytest.mark.window
def test_a_patch_is_shown_with_its_truth_and_the_next_takes_its_place(open_panel, wait, folder):
    viewer, panel = open_panel()
    panel.open(folder)
    wait(lambda: names(viewer) == ["patch_0", "truth"])
    image, truth = viewer.layers
    assert tuple(image.scale) == tuple(truth.scale) == (0.5, 0.5)
    assert str(truth.units[0]) == "micrometer"
    assert truth.features["class"].tolist() == ["class_2"]
    panel.controller.step(1)
    wait(lambda: names(viewer) == ["patch_1"])
    panel.controller.step(1)
    wait(lambda: names(viewer) == ["patch_2", "truth"])


@pytest.mark.window
def test_arrow_keys_in_the_grid_and_on_the_canvas(open_panel, wait, folder, qtbot):
    viewer, panel = open_panel()
    panel.open(folder)
    wait(lambda: "patch_0" in names(viewer))
    qtbot.keyClick(panel.grid, Qt.Key.Key_Right)
    wait(lambda: "patch_1" in names(viewer))
    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.keyClick(canvas, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    wait(lambda: "patch_2" in names(viewer))
    qtbot.keyClick(canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    wait(lambda: "patch_1" in names(viewer))
    qtbot.keyClick(panel.grid, Qt.Key.Key_Left)
    wait(lambda: "patch_0" in names(viewer))
    assert panel.grid.currentIndex().row() == 0
    qtbot.keyClick(panel.grid, Qt.Key.Key_End)
    wait(lambda: "patch_4" in names(viewer))


@pytest.mark.window
def test_segment_this_then_all_then_save(open_panel, wait, folder, tmp_path_factory):
    viewer, panel = open_panel()
    panel.open(folder)
    show(viewer, panel, wait, 3)
    panel.queue_bar.this.click()
    wait(lambda: "nuclei" in names(viewer))
    assert set(names(viewer)) == {"patch_3", "nodes", "edges", "nuclei"}
    assert len(viewer.layers["nuclei"].features) == 3
    assert panel.queue_bar.all.text() == "Segment all 5"
    panel.queue_bar.all.click()
    wait(lambda: not panel.state.running)
    assert sorted(panel.controller.results) == [0, 1, 2, 3, 4]
    assert "10 nuclei in 5 of 5 patches" in panel.message.text()
    out = tmp_path_factory.mktemp("out")
    panel.save(out)
    wait(lambda: "patches written" in panel.message.text())
    assert len(list(out.glob("*.labels.tif"))) == 5
    show(viewer, panel, wait, 4)
    assert viewer.layers["nuclei"].data.max() == 4
    assert tuple(viewer.layers["nuclei"].scale) == (0.5, 0.5)


@pytest.mark.window
def test_painting_and_the_look_of_layers_survive_going_away(open_panel, wait, folder, tmp_path_factory):
    viewer, panel = open_panel()
    panel.open(folder)
    show(viewer, panel, wait, 2)
    panel.queue_bar.this.click()
    wait(lambda: "nuclei" in names(viewer))
    viewer.layers["nuclei"].data_setitem(tuple(np.mgrid[50:55, 5:10].reshape(2, -1)), 77)
    viewer.layers["truth"].data_setitem(tuple(np.mgrid[0:5, 0:5].reshape(2, -1)), 5)
    viewer.layers["nuclei"].contour, viewer.layers["truth"].visible = 0, False
    show(viewer, panel, wait, 4)
    assert not viewer.layers["truth"].visible
    show(viewer, panel, wait, 2)
    assert viewer.layers["nuclei"].data[52, 7] == 77
    assert viewer.layers["nuclei"].contour == 0
    assert viewer.layers["truth"].data[2, 2] == 5
    assert "✎" in panel.thumbnails.data(panel.thumbnails.index(2, 0))
    panel.queue_bar.all.click()
    wait(lambda: not panel.state.running)
    assert viewer.layers["nuclei"].data[52, 7] == 77
    panel.save(out := tmp_path_factory.mktemp("out"))
    wait(lambda: "patches written" in panel.message.text())
    assert read_labels(out / "patch_2.labels.tif")[0][52, 7] == 77


@pytest.mark.window
def test_cancel_within_one_step(open_panel, wait, folder):
    _, panel = open_panel(lambda *args, **options: dark_spots(*args, **options, pause=0.3))
    panel.open(folder)
    panel.queue_bar.all.click()
    wait(lambda: bool(panel.controller.results))
    worker = panel._worker
    start = time.monotonic()
    panel.queue_bar.cancel.click()
    assert not panel.state.running
    wait(lambda: not worker.is_running)
    assert time.monotonic() - start < 2
    assert len(panel.controller.results) < 5


@pytest.mark.window
def test_a_run_of_the_other_panel_ends_with_its_patch(open_panel, wait, folder):
    viewer, panel = open_panel()
    other = SegmentPanel(
        viewer, SegmentController(steps=lambda *args, **options: dark_spots(*args, **options, pause=0.3))
    )
    viewer.window.add_dock_widget(other)
    wait(lambda: bool(other.state.models))
    panel.open(folder)
    show(viewer, panel, wait, 3)
    assert other.state.mpp == 0.5
    other.run()
    wait(lambda: "nuclei" in names(viewer))
    show(viewer, panel, wait, 1)
    assert not viewer.layers["nuclei"].data.any()
    assert other.controller.shown(viewer.layers["patch_1"].unique_id) is None
    other.run()
    show(viewer, panel, wait, 2)
    assert not other.state.running
    show(viewer, panel, wait, 3)
    assert viewer.layers["nuclei"].data.max() == 3
    assert sorted(panel.controller.results) == [3]


@pytest.mark.window
def test_patches_of_several_sizes_and_slides(open_panel, wait, tmp_path):
    for i, (height, width) in enumerate([(64, 64), (40, 90), (64, 64)]):
        Picture.new("RGB", (width, height), (230, 40 * i, 200)).save(tmp_path / f"patch_{i}.png")
    with tifffile.TiffWriter(tmp_path / "patch_1.tif") as tiff:
        pixels = np.full((128, 128, 3), 99, np.uint8)
        tiff.write(pixels, subifds=1, photometric="rgb", tile=(32, 32))
        tiff.write(pixels[::2, ::2], subfiletype=1, photometric="rgb", tile=(32, 32))
    viewer, panel = open_panel()
    panel.open(tmp_path)
    shown = []
    for i, name in enumerate(panel.state.patches.names):
        panel.controller.select(i)
        wait(lambda name=name: name in names(viewer))
        assert len(viewer.layers) == 1
        shown.append(viewer.layers[0].multiscale)
    assert sorted(shown) == [False, False, False, True]


@pytest.mark.window
def test_the_pixel_size_is_always_shown(open_panel, wait, folder):
    viewer, panel = open_panel()
    box = panel.folder_bar.mpp
    box.setValue(0)
    panel.open(folder)
    wait(lambda: "assumed" in box.text())
    box.setValue(0.4)
    wait(lambda: tuple(viewer.layers[0].scale) == (0.4, 0.4))
    assert box.text().startswith("0.4")
    box.setValue(0)  # the folder is read again, while it changes
    (folder / "nucls").mkdir()
    for path in folder.glob("*.png"):
        path.rename(folder / "nucls" / path.name)
    panel.open(folder / "nucls")
    wait(lambda: box.text() == "0.2 µm, of the folder")


@pytest.mark.window
def test_filter_and_thumbnails(open_panel, wait, folder):
    viewer, panel = open_panel()
    panel.open(folder)
    for row in range(5):  # as the view does when it is painted
        panel.thumbnails.data(panel.thumbnails.index(row, 0), Qt.ItemDataRole.DecorationRole)
    wait(lambda: len(panel.thumbnails._pictures) == 5)
    assert panel.folder_bar.count.text() == "5 patches"
    assert not panel.folder_bar.tissue.isVisible()
    panel.folder_bar.text.setText("_3")
    assert panel.thumbnails.rowCount() == 1
    assert panel.folder_bar.count.text() == "1 of 5 patches"
    panel.folder_bar.text.setText("")
    assert panel.thumbnails.rowCount() == 5
    wait(lambda: "patch_0" in names(viewer))


@pytest.mark.window
def test_a_bad_folder_is_one_notification_and_the_rest_stays(open_panel, wait, folder, tmp_path_factory):
    viewer, panel = open_panel()
    panel.open(folder)
    wait(lambda: "patch_0" in names(viewer))
    notification_manager.records.clear()
    panel.open(tmp_path_factory.mktemp("empty"))
    assert [record.message for record in notification_manager.records] == [panel.message.text()]
    assert "folder without" in panel.message.text()
    assert panel.thumbnails.rowCount() == 5
    (folder / "patch_1.png").write_text("broken")
    panel.controller.select(1)
    wait(lambda: "patch_1.png" in panel.message.text())
    show(viewer, panel, wait, 2)


def test_thousands_of_patches_wait_for_their_turn(qtbot, tmp_path):
    n = 2600
    for name, channels in (("images", 3), ("masks", 6)):  # sparse: the layout of a fold without its bytes
        with (tmp_path / f"{name}.npy").open("wb") as file:
            np.lib.format.write_array_header_2_0(
                file, {"descr": "<f8", "fortran_order": False, "shape": (n, 256, 256, channels)}
            )
            file.truncate(file.tell() + n * 256 * 256 * channels * 8)
    np.save(tmp_path / "types.npy", np.array(["Breast", "Colon"] * (n // 2)))
    controller = BrowseController(steps=dark_spots)
    model = ThumbnailModel(controller)
    start = time.perf_counter()
    controller.open(tmp_path)
    assert model.rowCount() == n
    assert model.data(model.index(n - 1, 0)).endswith("\nColon")
    assert time.perf_counter() - start < 1
    model.data(model.index(n - 1, 0), Qt.ItemDataRole.DecorationRole)
    qtbot.waitUntil(lambda: n - 1 in model._pictures, timeout=WAIT_MS)
    assert len(model._pictures) == 1
    model.loader.close()


@pytest.mark.window
def test_a_model_that_is_imported_meanwhile_is_offered(open_panel):
    _, panel = open_panel()
    combo = panel.queue_bar.model
    network = create_model("nucleus_small")
    add_model(network.state_dict(), ModelCard("mine", "nucleus_small", "consep", 0.25))
    combo.showPopup()
    combo.hidePopup()
    assert combo.findText("mine") >= 0
    assert panel.state.model == "nucleus_small"
