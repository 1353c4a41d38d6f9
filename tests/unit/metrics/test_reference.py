"""Equal to the public HoVer-Net code (`metrics/stats_utils.py`, `compute_stats.py`) on real nuclei.

``consep_crops.npz`` holds crops of 256×256 px of the CoNSeP train tiles 6, 10 and 19 (Graham et al. 2019, Apache
2.0): labels ``inst_<tile>``, classes ``type_<tile>``. `perturbed` makes predictions of them; ``reference.json`` holds
what the public code said of those.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from napari_nucleus.metrics import (
    aggregated_jaccard,
    aggregated_jaccard_plus,
    detection_f1,
    dice,
    ensemble_dice,
    panoptic_quality,
)

HERE = Path(__file__).parent
REFERENCE = json.loads((HERE / "reference.json").read_text())
CROPS = np.load(HERE / "consep_crops.npz", allow_pickle=False)
CASES = [(tile, shift) for tile in (6, 10, 19) for shift in (1, 3)]


def perturbed(labels, types, shift):
    """A prediction with a network's faults: nuclei moved, lost, merged, split, invented and misclassified."""
    pred = np.roll(labels, (shift, -shift), (0, 1)).astype(np.int32)
    kinds = np.roll(types, (shift, -shift), (0, 1)).astype(np.int32)
    dice_roll = pred * 7919 % 101
    pred = np.where(dice_roll < 12, 0, pred)  # lost
    pred = np.where((dice_roll >= 12) & (dice_roll < 30), pred // 2 * 2 + 5000, pred)  # merged with the next one
    odd = np.indices(pred.shape).sum(0) // 16 % 2 == 1
    pred = np.where((dice_roll >= 30) & (dice_roll < 40) & odd, pred + 10_000, pred)  # split
    pred[40:48, 60:70] = 20_000  # invented
    kinds[40:48, 60:70] = 1
    kinds = np.where(dice_roll % 7 == 0, kinds % 4 + 1, kinds)
    return pred, np.where(pred > 0, kinds, 0)


def nuclei(labels, types):
    """Centroids (N, 2) and classes (N,)."""
    ids, first = np.unique(labels, return_index=True)
    centres = ndimage.center_of_mass(labels > 0, labels, ids[1:])
    return np.array(centres), types.ravel()[first[1:]].astype(int)


@pytest.mark.parametrize(("tile", "shift"), CASES)
def test_label_images_score_as_in_the_public_code(tile, shift):
    true, types = CROPS[f"inst_{tile}"], CROPS[f"type_{tile}"]
    pred, _ = perturbed(true, types, shift)
    quality = panoptic_quality(true, pred)
    ours = {
        "dice": dice(true, pred),
        "dice2": ensemble_dice(true, pred),
        "aji": aggregated_jaccard(true, pred),
        "aji_plus": aggregated_jaccard_plus(true, pred),
        "dq": quality.dq,
        "sq": quality.sq,
        "pq": quality.pq,
    }
    assert ours == pytest.approx({k: REFERENCE["labels"][f"{tile}_{shift}"][k] for k in ours}, abs=1e-5)


@pytest.mark.parametrize("unknown", [False, True])
def test_detection_scores_as_in_the_public_code(unknown):
    lists = detection_lists(unknown)
    score = detection_f1(*lists, n_classes=4)
    assert [score.f_d, *score.f_c] == pytest.approx(REFERENCE["unknown" if unknown else "typed"], abs=1e-5)


def detection_lists(unknown):
    """Arguments of `detection_f1` for all cases; where asked, every ninth true nucleus has no class."""
    true_yx, pred_yx, true_types, pred_types = [], [], [], []
    for tile, shift in CASES:
        true, types = CROPS[f"inst_{tile}"], CROPS[f"type_{tile}"]
        for (points, kinds), yx, numbers in (
            (nuclei(true, types), true_yx, true_types),
            (nuclei(*perturbed(true, types, shift)), pred_yx, pred_types),
        ):
            yx.append(points)
            numbers.append(kinds)
        if unknown:
            true_types[-1][::9] = 0
    return true_yx, pred_yx, true_types, pred_types
