import time

import numpy as np
import pytest
from napari.utils.notifications import notification_manager

from napari_nucleus.app.segment import SegmentController
from napari_nucleus.core import HoverMaps, Progress
from napari_nucleus.gui.layers import nuclei_in
from napari_nucleus.gui.segment import SegmentPanel
from napari_nucleus.gui.segment.source import source_of
from napari_nucleus.inference import SegmentResult
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import ModelCard, add_model, create_model
from napari_nucleus.postprocess import decode_hover

pytestmark = pytest.mark.window
ROLES = {"NP", "HoVer H", "HoVer V", "type", "edges", "nodes", "nuclei"}
WAIT_MS = 60_000


def dark_discs(shape, n=3):
    """A white image with dark discs, as a stand-in for tissue."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    picture = np.full((*shape, 3), 255, np.uint8)
    for i in range(n):
        picture[np.hypot(y - 16, x - 16 - 24 * i) < 8] = 25 + 45 * i
    return picture


def dark_steps(image, model, *, mpp, keep_maps=True, thresholds=None, pause=0.0, **_):
    """A stand-in for the network: what is dark is nucleus; a tile takes ``pause`` seconds."""
    for i in range(3):
        time.sleep(pause)
        yield Progress(i + 1, 3, "segmenting tiles")
    pixels = image.array.mean(-1)
    np_prob = (1 - pixels / 255).astype(np.float32)
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float32)
    hv = np.stack([(x % 24 - 16) / 8, (y - 16) / 8]).clip(-1, 1).astype(np.float32)
    kinds = np.zeros((5, *pixels.shape), np.float32)
    kinds[0], kinds[3] = 1 - np_prob, np_prob
    maps = HoverMaps(np_prob, hv, kinds, mpp=mpp)
    return SegmentResult(decode_hover(maps, classes="consep"), maps if keep_maps else None)


@pytest.fixture
def open_panel(make_napari_viewer_proxy, qtbot):
    """A viewer with the panel docked, its lists loaded."""

    def opened(steps=None, **options):
        viewer = make_napari_viewer_proxy(**options)
        controller = SegmentController() if steps is None else SegmentController(steps=steps)
        panel = SegmentPanel(viewer, controller)
        viewer.window.add_dock_widget(panel)
        qtbot.waitUntil(lambda: bool(panel.state.models), timeout=WAIT_MS)
        return viewer, panel

    return opened


@pytest.fixture
def done(qtbot):
    """Press Run and wait."""

    def wait(panel):
        panel.run_bar.run.click()
        qtbot.waitUntil(lambda: not panel.state.running, timeout=WAIT_MS)

    return wait


def notes_since(start):
    return [str(record.message) for record in notification_manager.records[start:]]


def test_the_main_job_on_real_tissue(open_panel, done, qtbot):
    tile, truth = consep_tile()
    viewer, panel = open_panel()
    viewer.add_image(tile.array[:256, :256], name="tile", metadata={"mpp": tile.mpp}, translate=(10, 20))
    assert panel.form.mpp.value() == 0.25
    assert panel.form.mpp_source.text() == "from the file"

    done(panel)

    layers = viewer.layers
    assert {layer.name for layer in layers} == ROLES | {"tile"}
    for name in ROLES:
        np.testing.assert_allclose(layers[name].scale, (0.25, 0.25))
        np.testing.assert_allclose(layers[name].translate, layers["tile"].translate)
        assert str(layers[name].units[0]) == "micrometer"
    found, expected = nuclei_in(layers["nuclei"]), len(np.unique(truth.labels[:256, :256])) - 1
    assert 0.5 < len(found) / expected < 1.6
    features = layers["nuclei"].features
    assert features["index"].tolist() == found.table["label"].tolist()
    assert {"class", "p_epithelial", "area_um2"} <= set(features)
    y, x = found.table.loc[0, ["y_um", "x_um"]]
    position = (y + layers["tile"].translate[0], x + layers["tile"].translate[1])
    assert "p_epithelial" in layers["nuclei"].get_status(position, world=True)["value"]
    counts = [int(number.text()) for number, _ in panel.legend.numbers.values()]
    assert counts == list(found.counts().values())

    panel.thresholds.sliders["np_threshold"].setValue(0.8)
    qtbot.waitUntil(lambda: len(layers["nodes"].data) != len(found), timeout=WAIT_MS)
    assert len(nuclei_in(layers["nuclei"])) == len(layers["nodes"].data)


def test_thresholds_act_without_the_network(open_panel, done, qtbot):
    runs = []

    def steps(*args, **options):
        runs.append(options)
        return (yield from dark_steps(*args, **options))

    viewer, panel = open_panel(steps)
    viewer.add_image(dark_discs((48, 96)))
    done(panel)
    assert len(viewer.layers["nodes"].data) == 3
    assert panel.form.mpp_source.text() == "assumed – check!"

    for value, count in ((0.6, 2), (0.8, 1), (0.4, 3)):
        panel.thresholds.sliders["np_threshold"].setValue(value)
        qtbot.waitUntil(lambda n=count: len(viewer.layers["nodes"].data) == n, timeout=WAIT_MS)
    panel.thresholds.sliders["min_area_um2"].setValue(50)
    qtbot.waitUntil(lambda: len(viewer.layers["nodes"].data) == 0, timeout=WAIT_MS)
    assert len(runs) == 1


def test_cancel_acts_within_a_tile_and_the_panel_goes_on(open_panel, done, qtbot):
    viewer, panel = open_panel(lambda *a, **o: dark_steps(*a, pause=0.2, **o))
    viewer.add_image(dark_discs((48, 96)))
    panel.run_bar.run.click()
    qtbot.waitUntil(lambda: panel.state.progress.done > 0, timeout=WAIT_MS)

    panel.run_bar.cancel.click()

    assert not panel.state.running
    assert not panel.run_bar.cancel.isEnabled()
    assert panel.message.text() == "Cancelled."
    qtbot.wait(900)
    assert len(viewer.layers) == 1
    done(panel)
    assert "nuclei" in viewer.layers


def test_a_superseded_run_is_dropped(open_panel, done, qtbot):
    def steps(image, *args, **options):
        pause = 0.3 if image.name == "slow" else 0.0
        return (yield from dark_steps(image, *args, pause=pause, **options))

    viewer, panel = open_panel(steps)
    viewer.add_image(dark_discs((48, 96)), name="slow")
    panel.run_bar.run.click()
    viewer.add_image(dark_discs((40, 60), 1), name="fast")
    done(panel)
    qtbot.wait(1000)

    assert viewer.layers["nuclei"].data.shape == (40, 60)
    assert len(viewer.layers) == 2 + len(ROLES)


def test_a_painted_nucleus_survives_a_second_run(open_panel, done):
    viewer, panel = open_panel(dark_steps)
    viewer.add_image(dark_discs((48, 96)))
    done(panel)
    layer = viewer.layers["nuclei"]
    mine = int(layer.data[16, 16])
    layer.brush_size = 12
    layer.paint((30, 30), mine)
    painted = layer.data == mine
    assert painted.sum() > 200

    done(panel)

    np.testing.assert_array_equal(layer.data == mine, painted)
    assert layer.features.set_index("index").loc[mine, "edited"]
    assert len([x for x in viewer.layers if x.name.startswith("nuclei")]) == 1
    assert "1 changed by hand kept" in panel.message.text()


def test_renamed_and_deleted_layers_do_not_break_a_second_run(open_panel, done):
    viewer, panel = open_panel(dark_steps)
    viewer.add_image(dark_discs((48, 96)), name="tile")
    done(panel)
    viewer.layers["nuclei"].name = "good ones"
    viewer.layers.remove(viewer.layers["HoVer V"])
    viewer.layers.remove(viewer.layers["nodes"])

    done(panel)

    assert {layer.name for layer in viewer.layers} == (ROLES - {"nuclei"}) | {"tile", "good ones"}


def test_the_legend_switches_classes(open_panel, done):
    viewer, panel = open_panel(dark_steps)
    viewer.add_image(dark_discs((48, 96)))
    done(panel)
    number, share = panel.legend.numbers["epithelial"]
    assert (number.text(), share.text()) == ("3", "100.0 %")

    panel.legend.boxes["epithelial"].setChecked(False)
    assert not viewer.layers["nodes"].shown.any()
    done(panel)
    assert not viewer.layers["nodes"].shown.any()
    panel.legend.boxes["epithelial"].setChecked(True)
    assert viewer.layers["nodes"].shown.all()


def test_any_image_is_segmented(open_panel, done):
    viewer, panel = open_panel(dark_steps)
    start, rgb = len(notification_manager.records), dark_discs((48, 96))
    images = {
        "grey": rgb[..., 0],
        "alpha": np.dstack([rgb, np.full((48, 96), 255, np.uint8)]),
        "16-bit": rgb.astype(np.uint16) * 257,
        "float": rgb / 255,
        "multiscale": [rgb, rgb[::2, ::2]],
        "1×1": np.full((1, 1, 3), 255, np.uint8),
    }
    for name, pixels in images.items():
        viewer.layers.clear()
        viewer.add_image(pixels, name=name)

        done(panel)

        assert viewer.layers["nuclei"].data.shape == ((1, 1) if name == "1×1" else (48, 96)), name
        assert len(viewer.layers["nodes"].data) == (0 if name == "1×1" else 3), name
    assert notes_since(start) == []


def test_what_is_no_image_gives_one_line(open_panel, done):
    viewer, panel = open_panel(dark_steps)
    for pixels, message in [
        (np.full((48, 96), np.nan), "NaN or infinity"),
        (np.zeros((7, 48, 96)), "stack of 7"),
    ]:
        viewer.add_image(pixels, contrast_limits=(0, 1))
        start = len(notification_manager.records)

        done(panel)

        assert [message in note for note in notes_since(start)] == [True]
        assert message in panel.message.text()
        assert panel.run_bar.run.isEnabled()
    assert len(viewer.layers) == 2


def test_a_bug_in_the_network_frees_the_panel(open_panel, done, monkeypatch):
    def steps(*_, **__):
        yield Progress(0, 1)
        raise RuntimeError("broken kernel")

    viewer, panel = open_panel(steps)
    viewer.add_image(dark_discs((48, 96)))
    start = len(notification_manager.records)
    monkeypatch.setattr(notification_manager, "catch_error", True)  # as in a user's napari
    monkeypatch.setattr(notification_manager, "exit_on_error", False)

    done(panel)

    assert [("broken kernel" in note) for note in notes_since(start)] == [True]
    assert panel.run_bar.run.isEnabled()


def test_no_image_and_no_shapes_give_one_line(open_panel):
    viewer, panel = open_panel(dark_steps)
    start = len(notification_manager.records)
    panel.run_bar.run.click()
    assert notes_since(start) == ["Expected an image layer, got none. Open an image first."]

    viewer.add_image(dark_discs((48, 96)))
    panel.form.extent.setCurrentIndex(panel.form.extent.findData("shapes"))
    panel.run_bar.run.click()

    assert ["Draw one in a Shapes layer" in note for note in notes_since(start + 1)] == [True]


def test_the_pixel_size_can_always_be_set(open_panel, done):
    viewer, panel = open_panel(dark_steps)
    image = viewer.add_image(dark_discs((48, 96)))
    panel.form.mpp.setValue(0.5)
    assert panel.form.mpp_source.text() == "set by you"

    done(panel)

    np.testing.assert_allclose(viewer.layers["nuclei"].scale, (0.5, 0.5))
    np.testing.assert_allclose(image.scale, (0.5, 0.5))
    assert panel.form.mpp.minimum() > 0


def test_the_list_of_images_follows_the_viewer(open_panel, done):
    viewer, panel = open_panel(dark_steps)
    first = viewer.add_image(dark_discs((48, 96)), name="a", metadata={"mpp": 0.3})
    viewer.add_image(dark_discs((48, 96)), name="b", metadata={"mpp": 0.4})
    viewer.add_labels(np.zeros((4, 4), int))
    items = panel.form.image
    assert [items.itemText(i) for i in range(items.count())] == ["a", "b"]
    assert panel.form.mpp.value() == 0.4

    first.name = "c"
    viewer.layers.remove(viewer.layers["b"])

    assert [items.itemText(i) for i in range(items.count())] == ["c"]
    assert panel.form.mpp.value() == 0.3
    done(panel)
    assert items.count() == 1  # the maps are no images to segment


def test_drawn_shapes_limit_the_nuclei(open_panel, done):
    viewer, panel = open_panel(dark_steps)
    viewer.add_image(dark_discs((48, 96)))
    viewer.add_shapes([[[4, 4], [4, 50], [30, 50], [30, 4]]], shape_type="polygon")
    panel.form.extent.setCurrentIndex(panel.form.extent.findData("shapes"))

    done(panel)

    assert len(viewer.layers["nodes"].data) == 2
    assert viewer.layers["nuclei"].data.shape == (26, 46)
    np.testing.assert_allclose(viewer.layers["nuclei"].translate, (1, 1))
    np.testing.assert_allclose(viewer.layers["nuclei"].data_to_world((12, 12)), (4, 4))


def test_the_current_view_is_what_the_canvas_shows(make_napari_viewer_proxy, qtbot):
    viewer = make_napari_viewer_proxy(show=True)
    image = viewer.add_image(np.zeros((400, 600, 3), np.uint8), scale=(0.5, 0.5))
    camera = getattr(viewer, "scene", viewer).camera
    camera.center = (0, 50, 100)
    camera.zoom = 40
    qtbot.wait(200)

    region = source_of(viewer, image, "view").region

    assert region.height < 100
    assert region.width < 150
    assert abs(region.y + region.height / 2 - 100) < 3
    assert abs(region.x + region.width / 2 - 200) < 3


def test_taking_the_panel_away_cancels_the_run(open_panel, qtbot):
    viewer, panel = open_panel(lambda *a, **o: dark_steps(*a, pause=0.2, **o))
    viewer.add_image(dark_discs((48, 96)))
    panel.run_bar.run.click()

    viewer.window.remove_dock_widget(panel)

    assert not panel.state.running
    qtbot.wait(800)
    assert len(viewer.layers) == 1
    panel.close()
    panel.deleteLater()


def test_a_model_that_is_imported_meanwhile_is_offered(open_panel):
    _, panel = open_panel()
    combo, state = panel.form.model.combo, panel.state
    network = create_model("hovernet_seresnext50", encoder="test_resnet", widths=(16, 8))
    options = {"encoder": "test_resnet", "widths": [16, 8]}
    add_model(network.state_dict(), ModelCard("mine", "hovernet_seresnext50", "consep", 0.25, options=options))
    assert combo.findText("mine") == -1
    combo.showPopup()
    combo.hidePopup()
    assert combo.findText("mine") >= 0
    assert state.models == ("nucleus_small",)
    assert "mine" in [action.text() for action in panel.form.model.menu.actions()]
