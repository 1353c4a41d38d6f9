from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import label

from napari_nucleus.core import drain
from napari_nucleus.training.data import CropSampler, open_data
from napari_nucleus.training.dense_targets import dense_targets
from napari_nucleus.training.losses import UNKNOWN
from napari_nucleus.training.recipe import DataSource
from napari_nucleus.training.targets import hv_targets

PLAIN = {"scale": 1.0, "stain": 0.0, "soften": 0.0}


def sampler(data, recipe, targets=("hv",), **changes):
    recipe = replace(recipe, **changes)
    return CropSampler(drain(open_data(recipe, data, targets)).training, recipe)


def test_a_sample_depends_on_seed_step_and_number_alone(data, recipe):
    first, again = sampler(data, recipe), sampler(data, recipe, memory_gb=1e-9)
    first.batch(0, range(3))
    whole, part = first.batch(5, range(4)), again.batch(5, [3, 1])
    for name, field in whole.items():
        assert part[name].equal(field[[3, 1]]), name
    assert not whole["image"][0].equal(whole["image"][1])
    assert not first.batch(6, [0])["image"].equal(whole["image"][:1])
    assert not sampler(data, recipe, seed=1).batch(5, [0])["image"].equal(whole["image"][:1])


def test_shapes_and_kinds(data, recipe):
    batch = sampler(data, recipe, ("hv", "boundary")).batch(0, range(2))
    kinds = {name: (tuple(field.shape), field.dtype) for name, field in batch.items()}
    assert kinds == {
        "image": ((2, 3, 48, 48), torch.float32),
        "nucleus": ((2, 1, 48, 48), torch.bool),
        "types": ((2, 48, 48), torch.uint8),
        "typed": ((2,), torch.bool),
        "hv": ((2, 2, 48, 48), torch.float32),
        "boundary": ((2, 1, 48, 48), torch.float32),
    }


def test_targets_turn_with_the_image(data, recipe):
    """Whole nuclei in a flipped, unzoomed crop have the HV map that is computed from the crop itself."""
    crops = sampler(data, recipe, **PLAIN, crop=80).batch(0, range(16))
    for nucleus, hv in zip(crops["nucleus"][:, 0].numpy(), crops["hv"].numpy(), strict=True):
        labels = label(nucleus)[0]
        whole = np.setdiff1d(np.unique(labels), np.r_[labels[0], labels[-1], labels[:, 0], labels[:, -1], 0])
        inside = np.isin(labels, whole)
        # An even number of pixels puts the rounded centre on the other side after a flip.
        assert np.abs(hv_targets(labels)[:, inside] - hv[:, inside]).mean() < 0.08


def test_flows_and_edges_turn_with_the_image(data, recipe):
    """The shown discs are whole and lie apart, so that a crop alone says what their targets are."""
    source = (DataSource("untyped"),)
    crops = sampler(data, recipe, ("flow", "boundary"), **PLAIN, crop=96, sources=source).batch(0, range(16))
    turned = set()
    for nucleus, flow, boundary in zip(*(crops[n].numpy() for n in ("nucleus", "flow", "boundary")), strict=True):
        labels = label(nucleus[0])[0]
        expected = dense_targets(labels, ("flow", "boundary"))
        differing = (np.abs(flow - expected["flow"]) > 1e-3).any(0)  # half precision in memory
        assert differing.sum() <= labels.max()  # the centres, where nothing but rounding is left to point anywhere
        np.testing.assert_array_equal(boundary, expected["boundary"])
        turned.add(nucleus.tobytes())
    assert len(turned) > 4


def test_classes_are_only_known_where_the_source_says_so(data, recipe):
    crops = sampler(data, recipe, focus=0.0).batch(0, range(32))
    assert set(crops["typed"].tolist()) == {True, False}
    assert not crops["types"][~crops["typed"]].any()
    assert crops["types"][crops["typed"]].any()


def test_classes_that_are_left_out_are_unknown_pixels(data, recipe):
    source = DataSource("typed", scheme="consep", crosswalk={"other": "other"})
    crops = sampler(data, recipe, sources=(source,), focus=0.0, crop=96).batch(0, range(4))
    assert set(crops["types"].unique().tolist()) == {0, 1, UNKNOWN}
    assert ((crops["types"] > 0) == crops["nucleus"][:, 0]).all()


def test_focus_shows_images_with_classes(data, recipe):
    assert sampler(data, recipe, focus=1.0).batch(0, range(32))["typed"].all()


@pytest.mark.parametrize(("balance", "share"), [(0.0, 0.2), (1.0, 0.5), (2.0, 0.8)])
def test_balance_says_how_even_classes_are_drawn(data, recipe, balance, share):
    """One nucleus of class 1 and four of class 2: drawn as they are met, evenly, or the rare one first."""
    path = data / "typed" / "typed_0.npz"
    arrays = dict(np.load(path))
    inst = np.zeros((96, 80), np.int32)
    inst[10:14, 10:14] = 1
    for i in range(4):
        inst[60:64, 10 + 15 * i : 14 + 15 * i] = 2 + i
    np.savez(path, image=arrays["image"], inst=inst, type=np.where(inst > 1, 2, inst))
    changes = {"focus": 1.0, "balance": balance, "crop": 16, **PLAIN}
    drawn = sampler(data, recipe, sources=(DataSource("typed", classes=True, include="typed_0"),), **changes)
    moves = [drawn.place(np.random.default_rng(i), recipe.move(np.random.default_rng(i)))[1] for i in range(300)]
    assert np.mean([cut.y < 40 for cut in moves]) == pytest.approx(share, abs=0.1)


def test_sources_are_drawn_by_their_share(data, recipe):
    sources = (DataSource("typed", share=3.0, classes=True), DataSource("untyped", share=1.0))
    typed = sampler(data, recipe, sources=sources, focus=0.0, crop=16).batch(0, range(200))["typed"]
    assert typed.float().mean() == pytest.approx(0.75, abs=0.1)


def test_small_images_are_padded(data, recipe):
    crops = sampler(data, recipe, crop=128).batch(0, range(2))
    assert crops["image"].shape == (2, 3, 128, 128)
