import numpy as np
import pandas as pd
import pytest

from napari_nucleus.app.evaluate_state import LayerSource
from napari_nucleus.app.graph.card import GRAPH, TEXT, VOTE, WHAT_IF
from napari_nucleus.app.graph.coloring import classed, names_of, values_of
from napari_nucleus.app.graph.controller import ENOUGH_CLICKS, GraphController
from napari_nucleus.app.graph.network import Wiring
from napari_nucleus.app.graph.state import Change
from napari_nucleus.app.graph.values import CLASS, DEGREE, GRAPH_CLASS, MATCH, UNCERTAINTY, WORD_CLASS
from napari_nucleus.core import SCHEMES, NucleusError
from napari_nucleus.io.samples import consep_tile


@pytest.fixture(scope="module")
def tile():
    """A corner of the sample tile: pixels, and its nuclei as a layer holds them, with probabilities."""
    image, truth = consep_tile()
    labels = truth.labels[:240, :240]
    ids = np.unique(labels[labels > 0])
    kinds = truth.table.set_index("label").loc[ids, "class"].to_numpy()
    features = pd.DataFrame({"index": ids, "class": kinds})
    for i, name in enumerate(SCHEMES["consep"].classes):
        features[f"p_{name}"] = np.where(kinds == name, 0.7, 0.1) + 0.01 * i
    return image.array[:240, :240].copy(), LayerSource("nuclei", labels.copy(), features, SCHEMES["consep"], 0.25)


@pytest.fixture
def controller(tile):
    pixels, source = tile
    controller = GraphController()
    run(controller, controller.build(source, pixels, Wiring()))
    return controller


@pytest.fixture
def answered(controller):
    """As after the graph has been read."""
    run(controller, controller.read())
    return controller


def run(controller, task):
    controller.finish(controller.do(task))


def test_nuclei_are_connected_and_measured(controller, tile):
    network = controller.state.network
    assert len(network.nuclei) == len(tile[1].features)
    assert network.degree.sum() == 2 * len(network.graph)
    assert set(network.measured.columns) >= {"area_um2", "haematoxylin"}
    assert controller.state.busy == ()

    label = int(network.labels[0])
    near = network.neighbours(label)
    assert len(near) == network.degree[0]
    assert [one.distance_um for one in near] == sorted(one.distance_um for one in near)
    row = network.nuclei.table.iloc[0]
    assert network.at(row["y_px"], row["x_px"]) == label
    assert network.at(-500, -500) is None


def test_the_same_layer_again_is_no_work_and_other_outlines_are(controller, tile):
    pixels, source = tile
    assert controller.build(source, pixels, Wiring()) is None
    other = LayerSource("nuclei", np.flipud(source.labels), source.features, source.scheme, source.mpp)
    label = int(controller.state.network.labels[3])
    controller.select(label)
    run(controller, controller.build(other, pixels, Wiring("delaunay")))
    assert controller.state.network.wiring.method == "delaunay"
    assert controller.state.selected == label  # a nucleus that is still there stays selected


def test_new_classes_keep_what_was_read(answered, tile):
    pixels, source = tile
    features = source.features.assign(**{"class": "other"})
    run(answered, answered.build(LayerSource("n", source.labels, features, source.scheme, 0.25), pixels, Wiring()))
    assert answered.state.answer is not None
    assert set(answered.state.network.nuclei.table["class"]) == {"other"}
    run(answered, answered.build(source, pixels, Wiring(k=7)))
    assert answered.state.answer is None


def test_superseded_work_is_dropped(tile):
    pixels, source = tile
    controller = GraphController()
    first = controller.do(controller.build(source, pixels, Wiring(k=1)))
    second = controller.do(controller.build(source, pixels, Wiring(k=2)))
    controller.finish(second)
    controller.finish(first)
    assert controller.state.network.wiring.k == 2


def test_a_broken_layer_is_told(controller, tile):
    source = LayerSource("odd", np.zeros((2, 3, 4), int), pd.DataFrame(), None, 0.25)
    with pytest.raises(NucleusError, match="odd"):
        run(controller, controller.build(source, None, Wiring()))
    assert "odd" in controller.state.message


def test_without_nuclei_there_is_nothing_to_do():
    controller = GraphController()
    for order in (controller.read, controller.count, lambda: controller.ask("small", 3)):
        with pytest.raises(NucleusError, match="layer of nuclei"):
            order()
    with pytest.raises(NucleusError):
        controller.save("a.csv")
    with pytest.raises(NucleusError):
        controller.teach("tumour")
    assert controller.card() is None


def test_colours(controller):
    state = controller.state
    assert names_of(state)[:3] == [CLASS, UNCERTAINTY, DEGREE]
    assert "area_um2" in names_of(state)
    assert values_of(state).classes == SCHEMES["consep"].classes

    state.by = DEGREE
    assert values_of(state).numbers.tolist() == state.network.degree.tolist()
    state.by = "area_um2"
    assert values_of(state).low < values_of(state).high
    state.by = UNCERTAINTY
    certain = values_of(state).numbers
    assert ((certain > 0) & (certain < 1)).all()
    assert classed(state) is None


def test_the_card_tells_all(answered):
    label = int(answered.state.network.labels[5])
    answered.select(label)
    card = answered.card()
    assert card.crop.shape == (96, 96, 3)
    assert "nucleus" in card.description
    assert list(card.probabilities) == [VOTE, GRAPH, TEXT]
    assert card.probabilities[GRAPH].sum() == pytest.approx(1, abs=1e-5)

    answered.select(10**6)
    assert answered.card() is None


def test_what_if_moves_the_probability_and_back(answered):
    state = answered.state
    label = int(state.network.labels[int(state.network.degree.argmax())])
    answered.select(label)
    neighbour = answered.card().neighbours[0].label
    before = answered.card().probabilities[GRAPH]
    for kind in (None, "epithelial"):
        answered.change(Change(neighbour, kind))
        moved = answered.card().probabilities
        assert moved[GRAPH].tolist() == before.tolist()
        assert not np.allclose(moved[WHAT_IF], moved[GRAPH])
    answered.change(None)
    assert WHAT_IF not in answered.card().probabilities
    answered.change(Change(neighbour, None))
    answered.select(neighbour)  # another nucleus begins as things are
    assert state.change is None


def test_words_find_nuclei_one_after_the_other(controller):
    run(controller, controller.ask("large nucleus", 5))
    state = controller.state
    area = state.network.measured["area_um2"]
    assert len(state.match.best) == 5
    assert area.loc[list(state.match.best)].median() > area.median()
    assert state.by == MATCH
    assert state.selected == state.match.best[0]
    controller.step(1)
    assert state.selected == state.match.best[1]
    controller.step(-2)
    assert state.selected == state.match.best[4]


def test_odd_questions(controller, tile):
    with pytest.raises(NucleusError):
        run(controller, controller.ask("   ", 5))
    run(controller, controller.ask("small " * 2000, 5))
    assert len(controller.state.match.best) == 5
    run(controller, controller.build(tile[1], None, Wiring()))  # no image: measured words decide
    run(controller, controller.ask("small", 3))
    assert len(controller.state.match.best) == 3
    with pytest.raises(NucleusError, match="image"):
        run(controller, controller.type_classes(["a", "b"]))
    with pytest.raises(NucleusError, match="image"):
        controller.read()


def test_without_the_model_measured_words_decide(controller):
    controller.use_clip("hf-hub:nobody/nothing")
    run(controller, controller.ask("large nucleus", 5))
    state = controller.state
    assert "Measured words alone" in state.message
    assert state.network.measured["area_um2"].loc[state.match.best[0]] > state.network.measured["area_um2"].median()
    with pytest.raises(NucleusError):
        run(controller, controller.type_classes(["a", "b"]))
    controller.use_clip("nucleus_clip")
    assert state.match is None
    assert state.by == CLASS


def test_typed_classes_are_shown_then_learnt_from_clicks(controller):
    state = controller.state
    with pytest.raises(NucleusError, match="two or more"):
        run(controller, controller.type_classes(["one"]))
    run(controller, controller.type_classes(["big", "little"]))
    assert state.typed.names == ("big", "little")
    assert not state.typed.trained
    assert state.by == WORD_CLASS
    assert values_of(state).classes == ("big", "little")

    area = state.network.measured["area_um2"].sort_values()
    half = ENOUGH_CLICKS // 2
    clicks = [(label, "little") for label in area.index[:half]] + [(label, "big") for label in area.index[-half:]]
    for i, (label, kind) in enumerate(clicks):
        controller.select(int(label))
        task = controller.teach(kind)
        assert (task is None) == (i + 1 < ENOUGH_CLICKS)
    run(controller, task)
    assert state.typed.trained
    found = state.typed.probabilities.loc[[label for label, _ in clicks]]
    assert (found.idxmax(axis=1) == [kind for _, kind in clicks]).mean() >= 0.8
    assert set(classed(state).table["class"]) <= {"big", "little"}
    with pytest.raises(NucleusError, match="typed classes"):
        controller.teach("medium")


def test_classes_of_the_graph_as_nuclei(answered):
    answered.state.by = GRAPH_CLASS
    nuclei = classed(answered.state)
    expected = answered.state.answer.probabilities.idxmax(axis=1)
    assert nuclei.table["class"].tolist() == expected.loc[nuclei.table["label"]].tolist()


def test_reading_goes_on_without_a_graph_classifier(controller):
    controller.model = "no_such_model"
    run(controller, controller.read())
    assert controller.state.answer is None
    assert "no_such_model" in controller.state.message
    controller.select(int(controller.state.network.labels[0]))
    assert TEXT in controller.card().probabilities


def test_statistics(controller, tmp_path):
    run(controller, controller.count(permutations=19))
    controller.save(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").stat().st_size > 100


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("method", ["knn", "radius", "delaunay"])
def test_hardly_any_nuclei(n, method):
    labels = np.zeros((40, 40), np.int32)
    labels[0:3, 0:3], labels[30:33, 30:33] = int(n > 0), 2 * int(n > 1)
    controller = GraphController()
    source = LayerSource("nuclei", labels, pd.DataFrame(), SCHEMES["consep"], 0.25)
    run(controller, controller.build(source, np.full((40, 40, 3), 200, np.uint8), Wiring(method)))
    run(controller, controller.ask("small", 5))
    run(controller, controller.count(permutations=9))
    for name in names_of(controller.state):
        controller.state.by = name
        assert len(values_of(controller.state).numbers) == n
    if n:
        controller.select(1)
        assert controller.card().crop.shape == (96, 96, 3)  # at the corner of the image, too
