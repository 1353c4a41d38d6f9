import numpy as np
import pandas as pd
import pytest

from napari_nucleus.app.composition import CompositionController
from napari_nucleus.app.composition_state import CompositionRequest, PaintedRegions
from napari_nucleus.app.composition_text import columns_of, headline
from napari_nucleus.app.evaluate_state import LayerSource
from napari_nucleus.core import SCHEMES, NucleusError

LEFT = {"left": [np.array([(-0.5, -0.5), (-0.5, 19.5), (19.5, 19.5), (19.5, -0.5)])]}


def source(classes, scheme="pannuke", mpp=0.5):
    """Squares in a row, 20 pixels apart, on 20 × 80 pixels; their classes by name."""
    labels = np.zeros((20, 80), np.int32)
    for i in range(len(classes)):
        labels[6:12, 20 * i + 6 : 20 * i + 12] = i + 1
    features = pd.DataFrame({"index": range(1, len(classes) + 1), "class": classes})
    return LayerSource("nuclei", labels, features, SCHEMES[scheme], mpp)


@pytest.fixture
def controller():
    return CompositionController()


def show(controller, classes, regions=None, **options):
    controller.accept(
        controller.work(CompositionRequest(controller.number, source(classes, **options), "file", regions))
    )
    return controller.state.shown


def test_what_is_shown_and_told(controller):
    shown = show(controller, ["neoplastic", "neoplastic", "inflammatory", "unknown"], LEFT)
    assert shown.table["nuclei"].tolist() == [4, 1]
    assert shown.classes == (*SCHEMES["pannuke"].classes, "unknown")
    assert headline(shown, 0) == [
        ("Whole image", "4 nuclei on 0.0004 mm²"),
        ("Tumour burden 50.0 %", "2 tumour nuclei (neoplastic)"),
        ("TIL fraction 25.0 %", "1 immune nucleus (inflammatory)"),
        ("eTILs 33.3 %", "immune among immune and tumour nuclei"),
        ("1 of unknown class", "count among all nuclei"),
    ]
    assert headline(shown, 1)[:2] == [
        ("left", "1 nucleus on 0.0001 mm²"),
        ("Tumour burden 100.0 %", "1 tumour nucleus (neoplastic)"),
    ]


def test_what_a_scheme_does_not_tell_is_a_dash(controller):
    shown = show(controller, ["lymphocyte", "epithelial"], scheme="lizard")
    told = dict(headline(shown, 0))
    assert told["Tumour burden –"] == "the classes of lizard don't tell tumour nuclei"
    assert told["TIL fraction 50.0 %"] == "1 immune nucleus (neutrophil, lymphocyte, plasma, eosinophil)"
    assert len(told) == 3


@pytest.mark.parametrize(
    ("measure", "titles", "texts"),
    [
        ("fraction", ["nuclei", "tumour burden", "TIL fraction", "eTILs"], ["left", "1", "100.0 %", "0.0 %", "0.0 %"]),
        ("per_mm2", ["mm²", "all"], ["left", "0.0001", "10,000", "10,000"]),
        ("n", ["mm²", "all"], ["left", "0.0001", "1", "1"]),
    ],
)
def test_columns_by_measure(controller, measure, titles, texts):
    columns = columns_of(show(controller, ["neoplastic", "dead"], LEFT), measure)
    assert [column.title for column in columns] == ["region", *titles, *SCHEMES["pannuke"].classes]
    assert [column.texts[1] for column in columns][: len(texts)] == texts
    assert [column.class_name for column in columns][-5:] == list(SCHEMES["pannuke"].classes)


def test_no_nuclei(controller):
    shown = show(controller, [])
    assert headline(shown, 0)[1] == ("Tumour burden –", "0 tumour nuclei (neoplastic)")
    assert {column.texts[0] for column in columns_of(shown, "fraction")[2:]} == {"–"}


def test_the_latest_wins(controller):
    former = controller.work(CompositionRequest(controller.number, source(["dead"])))
    controller.outdate()
    show(controller, ["dead", "dead"])
    controller.accept(former)
    assert controller.state.shown.table["nuclei"].tolist() == [2]


def test_a_row_that_is_gone_is_left(controller):
    show(controller, ["dead"], LEFT)
    controller.state.row = 1
    show(controller, ["dead"])
    assert controller.state.row == 0


def test_mistakes_are_told_and_bugs_raised(controller):
    show(controller, ["dead"])
    show(controller, ["dead"], {"a": [np.zeros(3)]})
    assert controller.state.shown is None
    assert "region 'a'" in controller.state.message
    show(controller, ["dead"])
    assert controller.state.message == ""
    with pytest.raises(TypeError):
        show(controller, ["dead"], {"a": None})


def test_saving(controller, tmp_path):
    with pytest.raises(NucleusError, match="got none"):
        controller.save(tmp_path / "a.csv")
    show(controller, ["dead", "neoplastic"], LEFT)
    controller.save(tmp_path / "a.csv")
    assert pd.read_csv(tmp_path / "a.csv")["tumor_burden"].tolist() == [0.5, 0]


@pytest.mark.parametrize("labels", [np.array([[1, 2], [0, 3]]), np.array([[1, 2, 4], [0, 3, 2**31 - 1]])])
def test_painted_regions_are_placed_by_their_pixels_centres(labels):
    coarse = PaintedRegions(
        labels, np.array([[10, 0, 4.5], [0, 10, 24.5]])
    )  # ten pixels each, 0 and 20 from the corner
    placed = coarse.on((20, 60))
    expected = np.zeros((20, 60), int)
    wide = np.kron(labels, np.ones((10, 10), int))
    expected[:, 20 : 20 + wide.shape[1]] = wide
    np.testing.assert_array_equal(placed, expected)
    same = PaintedRegions(labels, np.eye(2, 3))
    assert same.on(labels.shape) is labels
