import json
from dataclasses import replace

import numpy as np
import pytest

from napari_nucleus.core import NucleusError, drain
from napari_nucleus.training.data import open_data
from napari_nucleus.training.losses import UNKNOWN
from napari_nucleus.training.recipe import DataSource


def opened(data, recipe, *sources, targets=("hv",)):
    return drain(open_data(replace(recipe, sources=sources) if sources else recipe, data, targets))


def test_each_image_is_read_once_and_said(data, recipe):
    said = list(open_data(recipe, data))
    assert [(p.done, p.total, p.message) for p in said] == [
        (0, 3, "reading typed"),
        (1, 3, "reading typed"),
        (2, 3, "reading untyped"),
    ]


def test_what_is_opened(data, recipe):
    found = opened(data, recipe)
    assert [entry.name for entry in found.training.entries] == ["typed_0", "untyped_0"]
    assert [entry.name for entry in found.held_out.entries] == ["typed_1"]
    typed, untyped = found.training
    assert typed.types.max() == 4
    assert untyped.types is None
    assert list(typed.targets) == ["hv"]
    assert typed.targets["hv"].shape == (96, 80, 2)
    assert found.counts(4).tolist() == [1, 1, 1, 1]
    np.testing.assert_array_equal(found.training.entries[0].nuclei[0], [20, 20, 2])


def test_an_epoch_shows_every_pixel_once(data, recipe):
    found = opened(data, recipe)
    assert found.epoch(16) == 2 * 96 * 80 // 16**2
    assert found.epoch(256) == 2  # smaller than a crop: one each


def test_images_are_resampled_to_the_recipe(data, recipe):
    image = opened(data, recipe, DataSource("untyped", mpp=0.5)).training[0]
    assert image.labels.shape == (192, 160)
    assert image.image.shape == (192, 160, 3)


def test_gaps_in_labels_are_kept(data, recipe):
    path = data / "typed" / "typed_0.npz"
    arrays = dict(np.load(path))
    np.savez(path, **arrays | {"inst": arrays["inst"] * 1000})
    found = opened(data, recipe)
    assert set(np.unique(found.training[0].labels)) == {0, 1000, 2000, 3000, 4000}
    assert len(found.training.entries[0].nuclei) == 4


def test_images_without_classes_among_others(data, recipe):
    path = data / "typed" / "typed_0.npz"
    np.savez(path, **{name: array for name, array in np.load(path).items() if name != "type"})
    found = opened(data, recipe)
    assert set(np.unique(found.training[0].types)) == {0, UNKNOWN}
    assert found.counts(4).tolist() == [0, 0, 0, 0]


def test_one_image_is_enough(data, recipe):
    found = opened(data, recipe, DataSource("untyped"))
    assert (len(found.training), len(found.held_out)) == (1, 0)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (DataSource("nowhere"), "folder nowhere in .*, got none"),
        (DataSource("typed", layout="lizzard"), "layout .*'lizzard'"),
        (DataSource("typed", include="x*"), r"images 'x\*' in .*typed"),
        (DataSource("untyped", validate=0.2), "at least two images or groups in untyped .* got 1"),
        (DataSource("typed", validate=("typed_0", "typed_1")), "images to train on"),
        (DataSource("typed", validate=("typed_7",)), "validate to name images of typed.*'typed_7'.*Write 'typed_"),
        (DataSource("untyped", classes=True), "classes in untyped, got none.*classes = false"),
    ],
)
def test_what_does_not_fit_is_one_line(data, recipe, source, message):
    with pytest.raises(NucleusError, match=message) as error:
        opened(data, recipe, source)
    assert "\n" not in str(error.value)


PIXELS = np.zeros((9, 9, 3), np.uint8)
ONES = np.ones((9, 9), int)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "NPZ"),
        (lambda path: path.write_text("no arrays"), "NPZ"),
        (lambda path: np.savez(path, image=PIXELS), "annotation of typed_0"),
        (lambda path: np.savez(path, inst=ONES, type=ONES), "'image'"),
        (lambda path: np.savez(path, inst=ONES, type=ONES, image=PIXELS[:8]), r"annotation of \(8, 9\)"),
        (lambda path: np.savez(path, inst=-ONES, type=ONES, image=PIXELS), "labels from 0"),
        (lambda path: np.savez(path, inst=ONES / 2, type=ONES, image=PIXELS), "whole numbers as labels"),
        (lambda path: np.savez(path, inst=ONES, type=ONES / 2, image=PIXELS), "whole numbers in 'type'"),
        (lambda path: np.savez(path, inst=ONES, type=9 * ONES, image=PIXELS), r"classes 0 to 4 \(consep\)"),
    ],
)
def test_a_spoilt_file_is_one_line_that_names_it(data, recipe, spoil, message):
    spoil(data / "typed" / "typed_0.npz")
    with pytest.raises(NucleusError, match=message) as error:
        opened(data, recipe)
    assert "typed_0" in str(error.value)
    assert "\n" not in str(error.value)


def test_licence_and_citation_go_with_the_data(data, recipe):
    (data / "SOURCE.md").write_text("# All of it\nLicence: none of this\n")
    (data / "typed" / "SOURCE.md").write_text(
        "# Discs: two images\n- Drawn by a test.\n- Citation: Doe et al., Discs, 2026. Licence: CC0 1.0.\n"
    )
    typed, untyped = opened(data, recipe).credits
    assert typed == {
        "name": "Discs: two images",
        "images": "1 to train on, 1 held out",
        "licence": "CC0 1.0",
        "citation": "Doe et al., Discs, 2026",
    }
    assert untyped["name"] == "untyped"
    assert untyped["licence"] == untyped["citation"] == ""
    assert "without their classes" in untyped["images"]
    assert json.dumps([typed, untyped])


def test_little_memory_changes_nothing_but_time(data, recipe):
    much = opened(data, recipe)
    little = opened(data, replace(recipe, memory_gb=1e-9))
    for _ in range(2):
        for one, other in zip(much.training, little.training, strict=True):
            np.testing.assert_array_equal(one.image, other.image)
            np.testing.assert_array_equal(one.targets["hv"], other.targets["hv"])
    assert much.training[0] is much.training[0]
    assert little.training[0] is not little.training[0]


def test_further_planes_are_made_of_each_image(data, recipe):
    found = opened(data, recipe)
    found.training.add_planes(lambda image: {"doubled": (2 * image.labels[..., None]).astype(np.float16)})
    np.testing.assert_array_equal(found.training[0].targets["doubled"][..., 0], 2 * found.training[0].labels)
