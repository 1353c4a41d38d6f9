import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image as Picture
from skimage.measure import label

from napari_nucleus.app.browse import BrowseController
from napari_nucleus.app.packed import PackedNuclei
from napari_nucleus.app.patch_result import PatchResult, with_layer
from napari_nucleus.core import NucleusError, NucleusMap, Progress
from napari_nucleus.inference import SegmentResult
from napari_nucleus.io import read_image, read_labels


def dark_spots(image, model, *, device, keep_maps):
    """A plain engine in place of the network: what is dark is nucleus, left ones of class 1, right ones of class 2."""
    if model == "none":
        raise NucleusError("Expected a model, got none. Train one.")
    yield Progress(1, 2, "looking")
    labels = label(image.array.mean(-1) < 100)
    kinds = np.where(labels > 0, np.where(np.arange(labels.shape[1]) < 20, 1, 2), 0)
    nuclei = NucleusMap.from_labels(labels, mpp=image.mpp or 0.25, classes="consep", type_map=kinds)
    notes = () if image.mpp else ("0.25 µm assumed.",)
    yield Progress(2, 2, "looking")
    return SegmentResult(nuclei, None, notes=notes)


@pytest.fixture
def folder(tmp_path):
    """Six patches of 40×40 pixels; patch k has k dark squares. The fourth is broken."""
    for k in range(6):
        pixels = np.full((40, 40, 3), 230, np.uint8)
        for i in range(k):
            pixels[4 + 12 * (i // 3) :][:6, 4 + 12 * (i % 3) :][:, :6] = 40
        Picture.fromarray(pixels).save(tmp_path / f"patch_{k}.png")
    (tmp_path / "patch_3.png").write_text("broken")
    return tmp_path


@pytest.fixture
def controller(folder):
    controller = BrowseController(steps=dark_spots)
    controller.open(folder, mpp=0.25)
    return controller


def run(controller, indices):
    order = controller.submit(tuple(indices))
    work = controller.work(order)
    while True:
        try:
            controller.take(next(work))
        except StopIteration as stop:
            controller.finish(stop.value)
            return


def painted(nuclei, y, x, to):
    labels = nuclei.labels.copy()
    labels[y, x] = to
    class_of = dict(zip(nuclei.table["label"], nuclei.class_numbers, strict=True))
    return NucleusMap.from_labels(labels, mpp=nuclei.mpp, classes=nuclei.scheme, class_of=class_of)


def test_opening_shows_all_patches_and_the_first(controller):
    assert controller.state.shown == (0, 1, 2, 3, 4, 5)
    assert controller.state.current == 0


def test_a_folder_that_cannot_be_opened_leaves_the_former_one(controller, tmp_path):
    patches = controller.state.patches
    with pytest.raises(NucleusError):
        controller.open(tmp_path / "nowhere")
    assert controller.state.patches is patches
    assert controller.state.current == 0


def test_stepping_stays_within_what_the_filter_shows(controller):
    controller.step(-1)
    assert controller.state.current == 0
    controller.step(2)
    assert controller.state.current == 2
    controller.state.text = "_5"
    assert controller.state.shown == (5,)
    controller.step(1)
    assert controller.state.current == 5
    controller.step(1)
    assert controller.state.current == 5
    controller.state.text = "_1"
    controller.step(-1)
    assert controller.state.current == 1
    controller.state.text = "nothing"
    controller.step(1)
    assert controller.state.current == 1


def test_state_tells_what_changes(controller):
    seen = []
    controller.state.events.shown.connect(seen.append)
    controller.state.text = "_2"
    assert seen == [(2,)]


def test_a_queue_segments_each_patch_and_passes_over_broken_ones(controller):
    done, changed = [], []
    controller.state.events.progress.connect(lambda progress: done.append(progress.done / max(1, progress.total)))
    controller.result_changed.connect(changed.append)
    run(controller, controller.state.shown)
    counts = {i: sum(result.counts.values()) for i, result in controller.results.items()}
    assert counts == {0: 0, 1: 1, 2: 2, 4: 4, 5: 5}
    assert changed == [0, 1, 2, 4, 5]
    assert done == sorted(done)
    assert done[-1] == 1
    assert not controller.state.running
    assert "12 nuclei in 5 of 6 patches" in controller.state.message
    assert "patch_3: Expected a PNG" in controller.state.message


def test_cancelling_keeps_what_is_done_and_drops_the_rest(controller):
    order = controller.submit((1, 2, 4))
    work = controller.work(order)
    while not controller.results:
        controller.take(next(work))
    controller.cancel()
    late = [controller.take(step) for step in work]
    assert not any(late)
    assert list(controller.results) == [1]
    assert not controller.state.running
    assert "Cancelled" in controller.state.message


def test_a_new_order_supersedes_the_former(controller):
    first = controller.work(controller.submit((1, 2)))
    next(first)
    run(controller, (4,))
    assert not any(controller.take(step) for step in first)
    assert list(controller.results) == [4]


def test_a_model_that_cannot_be_used_ends_the_queue_with_one_line(controller):
    controller.state.model = "none"
    run(controller, controller.state.shown)
    assert not controller.results
    assert controller.state.message == "Expected a model, got none. Train one."


def test_nothing_to_segment_is_one_line(controller):
    controller.state.text = "nothing"
    with pytest.raises(NucleusError, match="widen the filter"):
        controller.submit(controller.state.shown)


def test_notes_of_a_result_are_told(folder):
    controller = BrowseController(steps=dark_spots)
    controller.open(folder)
    run(controller, (1,))
    assert "patch_1: 0.25 µm assumed." in controller.state.message


def test_results_come_back_with_the_patch_and_with_the_folder(controller, folder, tmp_path_factory):
    run(controller, (2,))
    opened = controller.read(controller.state.patches, 2)
    assert len(opened.nuclei) == 2
    assert not opened.by_hand
    other = tmp_path_factory.mktemp("other")
    Picture.new("RGB", (9, 9)).save(other / "a.png")
    controller.open(other)
    assert not controller.results
    controller.open(folder, mpp=0.25)
    assert len(controller.read(controller.state.patches, 2).nuclei) == 2


def test_a_patch_read_before_the_user_went_on_is_out_of_date(controller):
    opened = controller.read(controller.state.patches, 0)
    assert controller.is_current(opened)
    controller.step(1)
    assert not controller.is_current(opened)


def test_what_a_person_painted_survives_leaving_and_segmenting_anew(controller):
    run(controller, (2,))
    nuclei = controller.read(controller.state.patches, 2).nuclei
    drawn = painted(nuclei, np.s_[30:36], np.s_[30:36], 99)
    drawn = painted(drawn, np.s_[4:10], np.s_[4:10], 0)  # the left one is erased
    controller.keep(2, drawn, touched=True)
    opened = controller.read(controller.state.patches, 2)
    assert opened.by_hand
    np.testing.assert_array_equal(opened.nuclei.labels, drawn.labels)
    for _ in range(2):
        run(controller, (2,))
        again = controller.read(controller.state.patches, 2).nuclei
        np.testing.assert_array_equal(again.labels > 0, drawn.labels > 0)
        assert again.labels[32, 32] == 99


def test_a_layer_that_nobody_touched_changes_nothing(controller):
    run(controller, (2,))
    before = controller.results[2]
    controller.keep(2, before.now.unpack(), touched=False)
    assert controller.results[2] is before


def test_another_panels_result_is_kept_but_not_as_handwork(controller):
    run(controller, (2,))
    fewer = painted(controller.results[2].now.unpack(), np.s_[4:10], np.s_[4:10], 0)
    controller.keep(2, fewer, touched=False)
    assert not controller.results[2].by_hand
    assert sum(controller.results[2].counts.values()) == 1
    run(controller, (2,))
    assert sum(controller.results[2].counts.values()) == 2


def test_handwork_without_a_model_is_kept(controller):
    empty = NucleusMap.from_labels(np.zeros((40, 40), np.int32), mpp=0.25, classes="consep")
    controller.keep(1, painted(empty, np.s_[20:25], np.s_[20:25], 3), touched=True)
    run(controller, (1,))
    assert controller.results[1].counts == {
        "other": 1, "inflammatory": 0, "epithelial": 0, "spindle-shaped": 0, "unknown": 1
    }  # fmt: skip


def test_handwork_in_another_class_scheme_is_never_replaced(controller):
    nuclei = NucleusMap.from_labels(np.eye(40, dtype=np.int32), mpp=0.25, classes="pannuke")
    controller.keep(1, nuclei, touched=True)
    run(controller, (1,))
    assert controller.results[1].now.scheme.name == "pannuke"
    assert "class scheme" in controller.state.message


def test_a_changed_truth_comes_back(controller):
    truth = NucleusMap.from_labels(np.eye(40, dtype=np.int32), mpp=0.25)
    controller.keep_truth(1, truth)
    np.testing.assert_array_equal(controller.read(controller.state.patches, 1).patch.truth.labels, truth.labels)


def test_saving_writes_every_result_and_a_table(controller, tmp_path):
    run(controller, (1, 2))
    out = tmp_path / "new" / "out"
    assert list(controller.save(out))
    for name in ("patch_1", "patch_2"):
        assert read_labels(out / f"{name}.labels.tif")[0].max() == int(name[-1])
        assert json.loads((out / f"{name}.geojson").read_text())
        assert read_image(out / f"{name}.overlay.png").shape[1] == 40
        assert (out / f"{name}.nuclei.csv").exists()
    table = pd.read_csv(out / "counts.csv")
    assert table["patch"].tolist() == ["patch_1", "patch_2"]
    assert table["nuclei"].tolist() == [1, 2]
    assert table["other"].tolist() == [1, 2]


def test_once_saved_each_new_result_is_written_at_once(controller, tmp_path):
    run(controller, (1,))
    list(controller.save(tmp_path / "out"))
    order = controller.submit((4, 5))
    work = controller.work(order)
    while 4 not in controller.results:
        controller.take(next(work))
    assert (tmp_path / "out" / "patch_4.labels.tif").exists()
    work.close()
    assert pd.read_csv(tmp_path / "out" / "counts.csv")["patch"].tolist() == ["patch_1", "patch_4"]


def test_a_folder_that_cannot_be_written_is_one_line_and_loses_nothing(controller, folder):
    run(controller, (1,))
    with pytest.raises(NucleusError, match="Choose another"):
        list(controller.save(folder / "patch_0.png"))
    run(controller, (2,))
    assert sorted(controller.results) == [1, 2]
    assert "Choose another" in controller.state.message


def test_saving_nothing_is_one_line(controller, tmp_path):
    with pytest.raises(NucleusError, match="Segment a patch first"):
        controller.save(tmp_path)


def test_packing_changes_nothing_and_takes_little():
    labels = np.kron(np.arange(64).reshape(8, 8), np.ones((32, 32), int))
    nuclei = NucleusMap.from_labels(labels, mpp=0.5)
    packed = PackedNuclei.pack(nuclei)
    back = packed.unpack()
    np.testing.assert_array_equal(back.labels, nuclei.labels)
    pd.testing.assert_frame_equal(back.table, nuclei.table)
    assert (back.mpp, back.scheme) == (nuclei.mpp, nuclei.scheme)
    assert len(packed.labels) < nuclei.labels.nbytes / 50
    back.labels[0, 0] = 1  # may be painted on
    assert packed.unpack().labels[0, 0] == 0


def test_a_class_that_changed_is_a_change():
    found = NucleusMap.from_labels(np.eye(5, dtype=int), mpp=0.25, classes="consep", class_of={1: 1})
    changed = NucleusMap.from_labels(np.eye(5, dtype=int), mpp=0.25, classes="consep", class_of={1: 2})
    assert with_layer(PatchResult.of(found), changed, touched=True).by_hand
    assert not with_layer(PatchResult.of(found), found, touched=True).by_hand
