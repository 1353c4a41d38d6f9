"""Equal to the public code of HoVer-Net, CoNIC and PanNuke, on real nuclei and on drawn edge cases.

``reference.npz`` holds the images, ``reference.json`` what the public code says of them; ``make_reference.py`` makes
both and names its sources. The real ones are crops of CoNSeP train tiles (``consep_crops.npz``; Graham et al. 2019,
Apache 2.0: labels ``inst_<tile>``, classes ``type_<tile>``) with predictions made of them.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from napari_nucleus.metrics import (
    aggregated_jaccard,
    aggregated_jaccard_plus,
    count_nuclei,
    count_r2,
    detection_f1,
    dice,
    ensemble_dice,
    multiclass_pq_plus,
    pannuke_pq,
    panoptic_quality,
    tissue_mean,
)

HERE = Path(__file__).parent
REFERENCE = json.loads((HERE / "reference.json").read_text())
IMAGES = np.load(HERE / "reference.npz", allow_pickle=False)
REAL = tuple(REFERENCE["conic"]["real"]["images"])
SETS = {name: tuple(REFERENCE["conic"][name]["images"]) for name in ("real", "small")}


def close(ours, theirs):
    """Equal within 1e-5 wherever theirs is defined."""
    theirs = np.array(theirs, float)
    there = np.isfinite(theirs)
    return np.shape(ours) == theirs.shape and np.allclose(np.asarray(ours)[there], theirs[there], rtol=0, atol=1e-5)


def images(names):
    """Labels of truth and prediction, and their classes, as the metrics take them."""
    return [[IMAGES[f"{name}/{part}"] for name in names] for part in ("true", "pred", "true_types", "pred_types")]


def nuclei(labels, types):
    """Centroids (N, 2) and classes (N,)."""
    ids, first = np.unique(labels, return_index=True)
    return np.array(ndimage.center_of_mass(labels > 0, labels, ids[1:])), types.ravel()[first[1:]].astype(int)


@pytest.mark.parametrize("case", REFERENCE["hovernet"])
def test_label_images_score_as_in_hovernet(case):
    true, pred = IMAGES[f"{case}/true"], IMAGES[f"{case}/pred"]
    half, low = panoptic_quality(true, pred), panoptic_quality(true, pred, iou=0.3)
    ours = {
        "dice": dice(true, pred),
        "dice2": ensemble_dice(true, pred),
        "aji": aggregated_jaccard(true, pred),
        "aji_plus": aggregated_jaccard_plus(true, pred),
        "dq": half.dq,
        "sq": half.sq,
        "pq": half.pq,
        "dq_30": low.dq,
        "sq_30": low.sq,
        "pq_30": low.pq,
    }
    theirs = REFERENCE["hovernet"][case]
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert close(ours[name], value), name


@pytest.mark.parametrize("labelled", ["typed", "unknown"])
def test_centroids_score_as_in_hovernet(labelled):
    true_yx, pred_yx, true_types, pred_types = [], [], [], []
    for true, pred, true_map, pred_map in zip(*images(REAL), strict=True):
        points, kinds = nuclei(true, true_map)
        if labelled == "unknown":
            kinds[::9] = 0
        true_yx.append(points)
        true_types.append(kinds)
        points, kinds = nuclei(pred, pred_map)
        pred_yx.append(points)
        pred_types.append(kinds)
    score = detection_f1(true_yx, pred_yx, true_types, pred_types, n_classes=4)
    assert close([score.f_d, *score.f_c], REFERENCE["types"][labelled])


@pytest.mark.parametrize("which", SETS)
def test_classes_over_a_data_set_score_as_in_conic(which):
    theirs = REFERENCE["conic"][which]
    score = multiclass_pq_plus(*images(SETS[which]), n_classes=6)
    assert close(score.mean, theirs["mean"])
    assert close(score.per_class, theirs["per_class"])
    assert theirs["per_class"][5] == 0  # a class that is nowhere


@pytest.mark.parametrize("case", [*SETS["real"], *SETS["small"]])
def test_counts_of_each_image_and_class_are_those_of_conic(case):
    score = multiclass_pq_plus(*images([case]), n_classes=6)
    which = "real" if case in REAL else "small"
    ours = np.stack([score.tp, score.fp, score.fn, score.iou], -1)
    assert close(ours, REFERENCE["conic"][which]["images"][case])


@pytest.mark.parametrize("which", SETS)
def test_images_and_tissues_score_as_in_pannuke(which):
    theirs = REFERENCE["pannuke"][which]
    score = pannuke_pq(*images(SETS[which]), n_classes=5)
    ours = np.stack([score.mpq, score.bpq], -1)
    expected = np.array([theirs["images"][name] for name in SETS[which]], float)
    assert close(ours, expected)
    assert np.array_equal(np.isnan(ours), np.isnan(expected))
    classes = np.array([np.nan if np.isnan(c).all() else np.nanmean(c) for c in score.per_class.T])
    assert close(classes, theirs["per_class"])

    by_tissue = [tissue_mean(values, theirs["of"]) for values in (score.mpq, score.bpq)]
    for tissue, values in theirs["tissues"].items():
        assert close([t.mean if tissue == "mean" else t.per_tissue[tissue] for t in by_tissue], values), tissue


def test_nuclei_of_the_central_crop_are_counted_as_in_conic():
    true, _, types, _ = images(REAL)
    ours = [count_nuclei(labels, kinds, 6, crop_px=224) for labels, kinds in zip(true, types, strict=True)]
    assert np.array_equal(ours, REFERENCE["counts"])


def test_r2_of_counts_is_that_of_conic():
    score = count_r2(IMAGES["r2/true"], IMAGES["r2/pred"])
    assert close(score.per_class, REFERENCE["r2"]["per_class"])
    assert close(score.mean, REFERENCE["r2"]["mean"])
    assert score.per_class[4:].tolist() == [0, 1]  # the truth does not vary: predicted wrongly, and exactly
