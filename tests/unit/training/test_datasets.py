from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import label

from napari_nucleus.core import NucleusError
from napari_nucleus.training.datasets import CropSampler, load_source
from napari_nucleus.training.dense_targets import dense_targets
from napari_nucleus.training.recipe import DataSource
from napari_nucleus.training.targets import hv_targets


def sampler(data, recipe, **changes):
    recipe = replace(recipe, **changes)
    return CropSampler([(s.share, list(load_source(data, s, recipe.mpp))) for s in recipe.sources], recipe)


def test_batches_depend_on_seed_and_step_alone(data, recipe):
    first, again = sampler(data, recipe), sampler(data, recipe)
    first.batch(0)
    one, two, other = first.batch(5), again.batch(5), again.batch(6)
    assert one.image.equal(two.image)
    np.testing.assert_array_equal(one.targets["hv"], two.targets["hv"])
    assert not one.image.equal(other.image)


def test_targets_turn_with_the_image(data, recipe):
    """Whole nuclei in a flipped, unzoomed crop have the HV map that is computed from the crop itself."""
    crops = sampler(data, recipe, scale=1.0, crop=80, batch=16).batch(0)
    for nucleus, hv in zip(crops.nucleus, crops.targets["hv"], strict=True):
        labels = label(nucleus)[0]
        whole = np.setdiff1d(np.unique(labels), np.r_[labels[0], labels[-1], labels[:, 0], labels[:, -1], 0])
        inside = np.isin(labels, whole)
        # An even number of pixels puts the rounded centre on the other side after a flip.
        assert np.abs(hv_targets(labels)[:, inside] - hv[:, inside]).mean() < 0.08


def test_classes_are_only_known_where_the_source_says_so(data, recipe):
    crops = sampler(data, recipe, batch=32, focus=0.0).batch(0)
    assert set(crops.typed.tolist()) == {True, False}
    assert not crops.types[~crops.typed].any()
    assert crops.types[crops.typed].any()


def test_focus_shows_rare_classes(data, recipe):
    source = sampler(data, recipe, batch=32, focus=1.0)
    assert source.batch(0).typed.all()


def test_images_are_resampled_to_the_recipe(data, recipe):
    image = next(load_source(data, DataSource("untyped", mpp=0.5), mpp=0.25))
    assert image.labels.shape == (192, 160)
    assert image.image.shape == (192, 160, 3)


def test_small_images_are_padded(data, recipe):
    crops = sampler(data, recipe, crop=128).batch(0)
    assert crops.image.shape == (2, 3, 128, 128)


def test_missing_folder_is_named(data):
    with pytest.raises(NucleusError, match="nowhere"):
        list(load_source(data, DataSource("nowhere"), 0.25))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "NPZ"),
        (lambda path: path.write_text("no arrays"), "NPZ"),
        (lambda path: np.savez(path, image=np.zeros((9, 9, 3), np.uint8)), "'inst'"),
        (lambda path: np.savez(path, inst=np.ones((9, 9), int), image=np.zeros((9, 9, 3), np.uint8)), "'type'"),
        (lambda path: np.savez(path, inst=np.ones((9, 9), int), type=np.ones((9, 9), int)), "beside it"),
        (
            lambda path: np.savez(
                path, inst=np.ones((9, 9), int), type=np.ones((9, 9), int), image=np.zeros((8, 9, 3), np.uint8)
            ),
            "one size",
        ),
    ],
)
def test_a_spoilt_file_is_one_line_that_names_it(data, spoil, message):
    spoil(data / "typed" / "typed_0.npz")
    with pytest.raises(NucleusError, match=message) as error:
        list(load_source(data, DataSource("typed", classes=True), 0.25))
    assert "typed_0.npz" in str(error.value)
    assert "\n" not in str(error.value)


def test_flows_and_edges_turn_with_the_image(data, recipe):
    """The shown discs are whole and lie apart, so that a crop alone says what their targets are."""
    images = list(load_source(data, DataSource("untyped"), recipe.mpp, ("flow", "boundary")))
    crops = CropSampler([(1.0, images)], replace(recipe, scale=1.0, crop=96, batch=16)).batch(0)
    turned = set()
    for nucleus, flow, boundary in zip(crops.nucleus, *crops.targets.values(), strict=True):
        labels = label(nucleus)[0]
        expected = dense_targets(labels, ("flow", "boundary"))
        differing = (np.abs(flow - expected["flow"]) > 1e-3).any(0)  # half precision in memory
        assert differing.sum() <= labels.max()  # the centres, where nothing but rounding is left to point anywhere
        np.testing.assert_array_equal(boundary, expected["boundary"])
        turned.add(nucleus.tobytes())
    assert len(turned) > 4


def test_only_the_named_targets_are_made(data, recipe):
    assert list(next(load_source(data, DataSource("untyped"), recipe.mpp, ("flow",))).targets) == ["flow"]
