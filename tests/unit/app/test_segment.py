from dataclasses import replace

import dask.array as da
import numpy as np
import pytest

from napari_nucleus.app.region import Region
from napari_nucleus.app.segment import SegmentController
from napari_nucleus.app.segment_state import SegmentState, Source
from napari_nucleus.core import HoverMaps, NucleusError, NucleusMap, Progress
from napari_nucleus.inference import SegmentResult, Thresholds
from napari_nucleus.postprocess import decode_hover

SHAPE = (96, 128)
# y, x, radius, class of consep, NP probability inside
DISCS = ((24, 24, 9, 1, 0.9), (24, 70, 9, 3, 0.9), (66, 30, 9, 2, 0.6), (66, 90, 5, 4, 0.9))


@pytest.fixture
def maps():
    """Ideal maps of four discs: one faint, one small."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    np_prob, hv = np.zeros(SHAPE, np.float32), np.zeros((2, *SHAPE), np.float32)
    kinds = np.zeros((5, *SHAPE), np.float32)
    kinds[0] = 1
    for cy, cx, radius, kind, prob in DISCS:
        inside = np.hypot(y - cy, x - cx) <= radius
        np_prob[inside] = prob
        hv[0][inside], hv[1][inside] = (x - cx)[inside] / radius, (y - cy)[inside] / radius
        kinds[0][inside], kinds[kind][inside] = 0, 1
    return HoverMaps(np_prob, hv, kinds, mpp=0.25)


def source(key="tile", region=None, pixels=None):
    pixels = np.full((*SHAPE, 3), 200, np.uint8) if pixels is None else pixels
    return Source(key, "tile", pixels, True, region or Region.whole(SHAPE))


@pytest.fixture
def orders():
    """What the network was asked for."""
    return []


@pytest.fixture
def controller(maps, orders):
    def steps(image, model, **options):
        orders.append((image, model, options))
        yield Progress(1, 2, "segmenting tiles")
        yield Progress(2, 2, "segmenting tiles")
        return SegmentResult(decode_hover(maps, classes="consep"), maps if options["keep_maps"] else None)

    return SegmentController(SegmentState(("nucleus_small",)), steps)


def finish(work):
    steps = []
    while True:
        try:
            steps.append(next(work))
        except StopIteration as stop:
            return stop.value, steps


def run(controller, now=None, where=None):
    outcome, _ = finish(controller.work(controller.submit(where or source())))
    return controller.accept(outcome, now)


def test_a_run_gives_nuclei_maps_and_graph(controller, orders):
    controller.state.mpp, controller.state.tta = 0.5, True
    request = controller.submit(source())
    assert controller.state.running
    outcome, steps = finish(controller.work(request))
    for step in steps:
        controller.advance(step)
    assert controller.state.progress == Progress(2, 2, "segmenting tiles")

    shown = controller.accept(outcome)

    assert not controller.state.running
    assert len(shown.result.nuclei) == 4
    assert len(shown.graph) == 6
    assert controller.shown("tile") is shown
    assert controller.state.message == "4 nuclei."
    image, model, options = orders[0]
    assert (image.shape, model) == (SHAPE, ("nucleus_small",))
    assert options == {
        "mpp": 0.5, "device": "auto", "tta": True, "thresholds": Thresholds(), "keep_maps": True,
    }  # fmt: skip


def test_a_request_is_not_changed_by_the_panel(controller, orders):
    request = controller.submit(source())
    controller.state.mpp, controller.state.models = 2.0, ("other",)
    finish(controller.work(request))

    assert orders[0][1] == ("nucleus_small",)
    assert orders[0][2]["mpp"] == 0.25


def test_a_superseded_run_is_dropped(controller):
    first, second = controller.submit(source()), controller.submit(source())

    early, steps = finish(controller.work(first))
    controller.advance(steps[-1])
    assert controller.state.progress.done == 0
    assert controller.accept(early) is None
    assert controller.state.running
    assert controller.accept(finish(controller.work(second))[0]) is not None
    assert not controller.state.running


def test_a_cancelled_run_is_dropped(controller):
    request = controller.submit(source())
    controller.cancel()

    assert not controller.state.running
    assert controller.accept(finish(controller.work(request))[0]) is None
    assert controller.state.message == "Cancelled."


@pytest.mark.parametrize("error", [NucleusError("Expected weights."), RuntimeError("out of memory")])
def test_an_error_frees_the_panel(error):
    def steps(*_, **__):
        yield Progress(0, 1)
        raise error

    controller = SegmentController(SegmentState(("nucleus_small",)), steps)
    outcome, _ = finish(controller.work(controller.submit(source())))

    with pytest.raises(type(error), match=str(error)):
        controller.accept(outcome)
    assert not controller.state.running
    assert controller.state.message == str(error)


def test_what_cannot_be_run_is_refused(controller):
    controller.state.mpp = 0.0
    with pytest.raises(NucleusError, match="pixel size"):
        controller.submit(source())
    controller.state.mpp, controller.state.models = 0.25, ()
    with pytest.raises(NucleusError, match="weights"):
        controller.submit(source())
    assert not controller.state.running


def test_thresholds_act_on_the_kept_maps(controller, orders):
    run(controller)
    assert controller.revise("tile") is None  # nothing changed
    controller.state.thresholds = Thresholds(np_threshold=0.7)
    fewer = controller.accept(controller.decode(controller.revise("tile")))
    assert len(fewer.result.nuclei) == 3
    assert len(fewer.graph) == 3
    controller.state.thresholds = Thresholds(np_threshold=0.7, min_area_um2=10)
    assert len(controller.accept(controller.decode(controller.revise("tile"))).result.nuclei) == 2
    assert len(orders) == 1


def test_the_latest_thresholds_win(controller):
    run(controller)
    controller.state.thresholds = Thresholds(np_threshold=0.7)
    early = controller.revise("tile")
    controller.state.thresholds = Thresholds(np_threshold=0.95)
    late = controller.revise("tile")

    assert len(controller.accept(controller.decode(late)).result.nuclei) == 0
    assert controller.accept(controller.decode(early)) is None


def test_a_decoding_of_a_former_run_is_dropped(controller):
    run(controller)
    controller.state.thresholds = Thresholds(np_threshold=0.7)
    request = controller.revise("tile")
    run(controller)

    assert controller.accept(controller.decode(request)) is None


def test_without_kept_maps_there_is_nothing_to_decode(controller):
    controller.state.keep_maps = False
    run(controller)
    controller.state.thresholds = Thresholds(np_threshold=0.7)

    assert controller.revise("tile") is None


def test_a_forgotten_image_has_no_maps(controller):
    run(controller)
    controller.forget("tile")

    assert controller.shown("tile") is None


def painted(nuclei, label, window):
    """A copy in which a label was painted over some pixels."""
    labels = nuclei.labels.copy()
    labels[window] = label
    numbers = dict(zip(nuclei.table["label"], nuclei.class_numbers, strict=True))
    return NucleusMap.from_labels(labels, classes="consep", class_of=numbers)


def test_painted_nuclei_survive_runs_and_thresholds(controller):
    first = run(controller).result.nuclei
    mine = int(first.labels[66, 30])  # the faint one
    now = painted(first, mine, (slice(50, 60), slice(20, 40)))

    again = run(controller, now).result.nuclei
    np.testing.assert_array_equal(again.labels == mine, now.labels == mine)
    assert "1 changed by hand kept" in controller.state.message
    controller.state.thresholds = Thresholds(np_threshold=0.95)
    shown = controller.accept(controller.decode(controller.revise("tile")), again)

    assert shown.result.nuclei.table["label"].tolist() == [mine]
    np.testing.assert_array_equal(shown.result.nuclei.labels == mine, now.labels == mine)


def test_deleted_nuclei_stay_deleted(controller):
    nuclei = run(controller).result.nuclei
    now = painted(nuclei, 0, nuclei.labels == nuclei.labels[24, 24])

    for _ in range(2):
        now = run(controller, now).result.nuclei
        assert len(now) == 3
        assert now.labels[24, 24] == 0


def test_a_class_that_was_changed_stays(controller):
    nuclei = run(controller).result.nuclei
    table = nuclei.table.copy()
    table.loc[0, "class"] = "inflammatory"

    again = run(controller, replace(nuclei, table=table)).result.nuclei

    assert again.table.set_index("label").loc[table.loc[0, "label"], "class"] == "inflammatory"


def test_untouched_nuclei_are_replaced(controller):
    shown = run(controller, run(controller).result.nuclei)

    assert "edited" not in shown.result.nuclei.table
    assert not shown.new_layer


def test_hand_work_that_cannot_be_merged_keeps_its_layer(controller):
    now = painted(run(controller).result.nuclei, 99, (slice(0, 4), slice(0, 4)))

    shown = run(controller, now, source(region=Region(10, 10, 50, 60)))

    assert shown.new_layer
    assert "stay in their layer" in controller.state.message


def test_a_layer_that_someone_else_made_and_changed_is_left_alone(controller, maps):
    nuclei = decode_hover(maps, classes="consep")
    outcome, _ = finish(controller.work(controller.submit(source())))

    assert controller.accept(outcome, nuclei, touched=True).new_layer


def test_pixels_stay_lazy_where_they_are_rgb():
    pixels = da.zeros((*SHAPE, 3), dtype=np.uint8, chunks=32)

    image = source(pixels=pixels, region=Region(10, 20, 30, 40)).image()

    assert isinstance(image.levels[0], da.Array)
    assert image.shape == (30, 40)


@pytest.mark.parametrize(
    ("shape", "dtype", "channels_last"),
    [
        (SHAPE, np.uint8, False),
        ((*SHAPE, 4), np.uint8, True),
        ((3, *SHAPE), np.uint16, False),
        ((1, *SHAPE), float, False),
    ],
)
def test_other_pixels_become_rgb(shape, dtype, channels_last):
    image = Source("k", "tile", np.ones(shape, dtype), channels_last, Region(10, 20, 30, 40)).image()

    assert image.levels[0].shape == (30, 40, 3)
    assert image.levels[0].dtype == np.uint8


def test_a_stack_is_refused():
    controller = SegmentController(SegmentState(("nucleus_small",)))
    stack = Source("k", "stack", np.zeros((7, *SHAPE)), False, Region.whole(SHAPE))
    outcome, _ = finish(controller.work(controller.submit(stack)))

    with pytest.raises(NucleusError, match="stack of 7"):
        controller.accept(outcome)
