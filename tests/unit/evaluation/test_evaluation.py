import numpy as np
import pytest

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.evaluation import Case, compare, evaluate, match
from napari_nucleus.evaluation.scoring import BY_CLASS, TITLES
from napari_nucleus.evaluation.tally import tally, tally_tiles
from napari_nucleus.metrics import (
    aggregated_jaccard,
    aggregated_jaccard_plus,
    calibration_error,
    confusion_matrix,
    count_r2,
    detection_f1,
    dice,
    ensemble_dice,
    matched_f1,
    multiclass_pq_plus,
    pannuke_pq,
    panoptic_quality,
)


@pytest.fixture
def cases(random_case):
    return [random_case(seed, tissue="Colon" if seed % 2 else "Breast") for seed in range(5)]


def values(evaluation, tissue="", **options):
    table = evaluation.table(bootstrap=0, **options)
    table = table[table["tissue"] == tissue]
    return {(m, c): v for m, c, v in zip(table["metric"], table["class"], table["value"], strict=True)}


def lists(cases):
    """What the metrics take: labels, types, centroids and class numbers of both sides."""
    sides = [[c.truth for c in cases], [c.prediction for c in cases]]
    return (
        *([n.labels for n in side] for side in sides),
        *([n.type_map() for n in side] for side in sides),
        *([n.table[["y_px", "x_px"]].to_numpy() for n in side] for side in sides),
        *([n.class_numbers for n in side] for side in sides),
    )


def test_scores_are_those_of_the_metrics(cases):
    found = values(evaluate(cases))
    trues, preds, true_types, pred_types, true_yx, pred_yx, true_kinds, pred_kinds = lists(cases)
    pairs = list(zip(trues, preds, strict=True))
    for key, metric in {
        "dice": dice,
        "dice2": ensemble_dice,
        "aji": aggregated_jaccard,
        "aji_plus": aggregated_jaccard_plus,
        "pq": lambda t, p: panoptic_quality(t, p).pq,
        "dq": lambda t, p: panoptic_quality(t, p).dq,
        "sq": lambda t, p: panoptic_quality(t, p).sq,
    }.items():
        assert found[key, ""] == pytest.approx(np.mean([metric(t, p) for t, p in pairs])), key
    plus = multiclass_pq_plus(trues, preds, true_types, pred_types, 4)
    detection = detection_f1(true_yx, pred_yx, true_kinds, pred_kinds, 4)
    plain = matched_f1(true_yx, pred_yx, true_kinds, pred_kinds, 4)
    counts = [np.array([np.bincount(k, minlength=5)[1:] for k in kinds]) for kinds in (true_kinds, pred_kinds)]
    r2 = count_r2(*counts)
    assert found["mpq_plus", ""] == pytest.approx(plus.mean, abs=1e-5)
    assert found["f_d", ""] == pytest.approx(detection.f_d)
    assert found["r2", ""] == pytest.approx(r2.mean)
    for i, name in enumerate(cases[0].truth.scheme.classes):
        assert found["mpq_plus", name] == pytest.approx(plus.per_class[i], abs=1e-5)
        assert found["f_c", name] == pytest.approx(detection.f_c[i])
        assert found["f1", name] == pytest.approx(plain.per_class[i])
        assert found["r2", name] == pytest.approx(r2.per_class[i])


def test_pannuke_means_go_over_tissues(cases):
    found = values(evaluate(cases))
    trues, preds, true_types, pred_types, *_ = lists(cases)
    each = pannuke_pq(trues, preds, true_types, pred_types, 4)
    colon = np.array([c.tissue == "Colon" for c in cases])
    assert found["mpq", ""] == pytest.approx((each.mpq[colon].mean() + each.mpq[~colon].mean()) / 2, abs=1e-5)
    assert found["bpq", ""] == pytest.approx((each.bpq[colon].mean() + each.bpq[~colon].mean()) / 2, abs=1e-5)
    assert values(evaluate(cases), "Colon")["bpq", ""] == pytest.approx(each.bpq[colon].mean(), abs=1e-5)


def test_the_confusion_matrix_is_that_of_the_metric(cases):
    table = evaluate(cases).class_confusion()
    trues, preds, true_types, pred_types, *_ = lists(cases)
    counts = sum(confusion_matrix(*maps, 4) for maps in zip(trues, preds, true_types, pred_types, strict=True))
    assert "unknown" not in table
    assert table.to_numpy().sum() == counts.sum()
    assert np.array_equal(table.to_numpy()[:-1, :-1], counts[1:5, 1:5])


def test_calibration_is_that_of_the_metric(squares):
    truth, found = squares([(0, 0, 2), (30, 30, 3), (60, 60, 4)]), squares([(0, 0, 2), (30, 30, 2), (60, 60, 4)])
    probabilities = {"p_inflammatory": [0.9, 0.8, 0.1], "p_spindle-shaped": [0.1, 0.1, 0.55]}
    sure = NucleusMap(found.labels, found.table.assign(**probabilities), found.mpp, found.scheme)
    expected = calibration_error([0.9, 0.8, 0.55], [True, False, True])
    assert values(evaluate([Case("a", truth, sure)]))["ece", ""] == pytest.approx(expected)
    assert np.isnan(values(evaluate([Case("a", truth, found)]))["ece", ""])


def test_the_truth_itself_scores_one(cases):
    table = evaluate([Case(c.name, c.truth, c.truth) for c in cases]).table(bootstrap=50)
    assert table.loc[table["metric"] != "ece", ["value", "low", "high"]].to_numpy() == pytest.approx(1)


def test_tiles_add_up_to_the_image(random_case):
    case = random_case(1)
    found = match(case.truth, case.prediction)
    random = np.random.default_rng(0)
    tiles = random.integers(0, 6, len(found.true)), random.integers(0, 6, len(found.pred))
    whole, parts = tally(found, 4), tally_tiles(found, 4, tiles, 6).pool(np.ones(6))
    for name in (
        "foreground",
        "dice2",
        "aji",
        "aji_plus",
        "panoptic",
        "class_panoptic",
        "pairs",
        "missed",
        "confusion",
    ):
        assert getattr(parts, name) == pytest.approx(getattr(whole, name)), name


def test_intervals_hold_the_value_and_repeat(cases):
    evaluation = evaluate(cases)
    table = evaluation.table(bootstrap=200, seed=3)
    there = table[np.isfinite(table["low"])]
    assert len(there) > 20
    assert (there["low"] <= there["value"] + 1e-9).mean() > 0.95
    assert (there["value"] <= there["high"] + 1e-9).mean() > 0.95
    assert table.equals(evaluation.table(bootstrap=200, seed=3))
    assert not table.equals(evaluation.table(bootstrap=200, seed=4))


def test_one_image_has_intervals_from_its_tiles(random_case):
    table = evaluate([random_case(1, shape=(700, 700), n=400)]).table(bootstrap=200).set_index(["metric", "class"])
    low, value, high = table.loc[("pq", ""), ["low", "value", "high"]]
    assert 0 < low < value < high < 1
    assert table.loc[("r2", ""), ["value", "low"]].isna().all()  # R² needs several images


def test_without_samples_there_are_no_intervals(cases):
    table = evaluate(cases).table(bootstrap=0)
    assert table[["low", "high"]].isna().all(axis=None)
    assert list(dict.fromkeys(table["metric"])) == list(TITLES)


def test_one_class_has_no_scores_by_class(squares):
    a = squares([(0, 0, 1), (30, 30, 1)], classes="nucleus")
    table = evaluate([Case("a", a, a), Case("b", a, a)]).table(bootstrap=10)
    assert not {"f_c", "f1", "mpq", "accuracy", "ece"} & set(table["metric"])
    assert set(table["class"]) == {""}


def test_images_without_nuclei_follow_the_stated_rules(squares):
    nothing, some = squares([]), squares([(0, 0, 1), (30, 30, 2)])
    both_empty = values(evaluate([Case("a", some, some), Case("b", nothing, nothing)]))
    assert (both_empty["pq", ""], both_empty["bpq", ""]) == (1, 1)
    invented = values(evaluate([Case("a", some, some), Case("b", nothing, some)]))
    assert (invented["pq", ""], invented["bpq", ""]) == (0.5, 1)
    missed = values(evaluate([Case("a", some, some), Case("b", some, nothing)]))
    assert (missed["pq", ""], missed["bpq", ""]) == (0.5, 0.5)
    alone = evaluate([Case("b", nothing, nothing)]).table(bootstrap=20)
    assert alone.loc[~alone["metric"].isin(["mpq_plus"]), "value"].isna().all()


def test_r2_counts_the_centre_where_asked(squares):
    inner, outer = (45, 45, 1), (0, 0, 1)
    cases = [
        Case("a", squares([inner, outer]), squares([inner])),
        Case("b", squares([outer]), squares([outer])),
    ]
    assert values(evaluate(cases))["r2", "other"] < 1
    assert values(evaluate(cases, crop_px=30))["r2", "other"] == 1


def test_table_of_images(cases):
    evaluation = evaluate(cases)
    table = evaluation.images()
    assert list(table["name"]) == [c.name for c in cases]
    assert table["pq"].mean() == pytest.approx(values(evaluation)["pq", ""])
    assert list(table["true"]) == [len(c.truth) for c in cases]
    assert list(table["tp"] + table["fp"]) == [len(c.prediction) for c in cases]
    assert table.loc[0, "true_inflammatory"] == cases[0].truth.counts()["inflammatory"]


def test_comparing_is_paired_and_turns_with_its_sides(cases, squares):
    worse = [Case(c.name, c.truth, squares([], shape=c.truth.labels.shape)) for c in cases]
    a, b = evaluate(cases), evaluate(worse)
    there, back = (compare(*sides, bootstrap=200).set_index(["metric", "class"]) for sides in ((a, b), (b, a)))
    assert there.loc[("pq", ""), "difference"] < 0
    assert there["difference"].to_numpy() == pytest.approx(-back["difference"].to_numpy(), nan_ok=True)
    assert there.loc[("pq", ""), "high"] < 0
    assert there.loc[("pq", ""), "p"] < 0.02
    same = compare(a, a, bootstrap=50)
    assert same["difference"].dropna().eq(0).all()
    assert same["p"].dropna().eq(1).all()


def test_comparing_asks_for_one_truth(cases):
    with pytest.raises(NucleusError, match="one truth"):
        compare(evaluate(cases), evaluate(cases[:2]))
    with pytest.raises(NucleusError, match="one truth"):
        compare(evaluate(cases), evaluate([Case(c.name, c.prediction, c.prediction) for c in cases]))


def test_what_does_not_fit(squares):
    truth = squares([(0, 0, 1)])
    with pytest.raises(NucleusError, match="at least one image"):
        evaluate([])
    with pytest.raises(NucleusError, match="liver: Expected a prediction"):
        evaluate([Case("liver", truth, squares([(0, 0, 1)], shape=(50, 100)))])
    with pytest.raises(NucleusError, match="classes"):
        evaluate([Case("a", truth, squares([(0, 0, 1)], classes="msa3"))])


def test_unknown_nuclei_are_shown_and_never_right(squares):
    truth, found = squares([(0, 0, 0), (30, 30, 2)]), squares([(0, 0, 1), (30, 30, 0)])
    evaluation = evaluate([Case("a", truth, found)])
    confusion = evaluation.class_confusion()
    assert confusion.loc["unknown", "other"] == 1
    assert confusion.loc["inflammatory", "unknown"] == 1
    assert values(evaluation)["accuracy", ""] == 0
    assert set(BY_CLASS) <= set(TITLES)


def test_a_million_specks_upon_each_other_are_refused_in_one_line():
    million = NucleusMap.from_labels(np.arange(1, 1_000_001).reshape(1000, 1000))
    with pytest.raises(NucleusError, match="Lower the radius"):
        evaluate([Case("a", million, million)])
