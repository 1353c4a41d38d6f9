import json

import numpy as np
import pytest
from PIL import Image as Picture

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.evaluation import evaluate
from napari_nucleus.evaluation.cases import open_cases
from napari_nucleus.evaluation.sources import open_source
from napari_nucleus.io import write_csv, write_geojson, write_labels

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)


@pytest.fixture
def some():
    """Nuclei of CoNSeP's classes on 60 × 80 pixels."""
    labels, kinds = np.zeros((2, 60, 80), np.int32)
    for label, (y, x) in enumerate([(4, 5), (4, 40), (30, 5), (35, 60)], 1):
        labels[y : y + 12, x : x + 14], kinds[y : y + 12, x : x + 14] = label, label
    return NucleusMap.from_labels(labels, mpp=0.25, classes="consep", type_map=kinds)


@pytest.fixture
def truth(tmp_path, some):
    """A folder as data sets have it: arrays with pictures beside."""
    folder = tmp_path / "consep"
    folder.mkdir()
    for name in ("t_1", "t_2", "t_10"):
        np.savez(folder / f"{name}.npz", inst=some.labels, type=some.type_map())
        Picture.fromarray(PIXELS).save(folder / f"{name}.jpg")
    (folder / "SOURCE.md").write_text("where it comes from")
    return folder


@pytest.fixture
def prediction(tmp_path, some):
    """A folder as `segment` writes it."""
    folder = tmp_path / "out"
    folder.mkdir()
    for name in ("t_10", "t_2", "else"):
        write_labels(folder / f"{name}.labels.tif", some)
        write_csv(folder / f"{name}.nuclei.csv", some)
        (folder / f"{name}.geojson").write_text("never read, as the labels are better")
        Picture.fromarray(PIXELS).save(folder / f"{name}.overlay.png")
    return folder


def test_matched_by_stem_in_the_order_of_a_person(prediction, truth):
    cases = open_cases(prediction, truth)
    assert cases.names == ("t_2", "t_10")
    assert cases.notes == (
        "No prediction for 1 of 3 annotated images (t_1).",
        "No truth for 1 of 3 predictions (else).",
    )
    assert cases.scheme.name == "consep"
    assert evaluate(cases).table(bootstrap=0).query("metric == 'pq'")["value"].tolist() == [1.0]
    assert cases.image(0).shape == (60, 80, 3)


def test_a_picture_inside_the_arrays(tmp_path, some):
    np.savez(tmp_path / "a.npz", inst=some.labels, image=PIXELS)
    np.testing.assert_array_equal(open_source(tmp_path).image("a"), PIXELS)
    np.savez(tmp_path / "b.npz", inst=some.labels)
    assert open_source(tmp_path).image("b") is None


def test_outlines_alone(tmp_path, truth, some):
    for name in ("t_1", "t_2"):
        write_geojson(tmp_path / f"{name}.geojson", some)
        Picture.fromarray(PIXELS).save(tmp_path / f"{name}.overlay.png")
    assert evaluate(open_cases(tmp_path, truth)).value("mpq_plus") == 1


def test_outlines_that_do_not_state_their_size_take_the_partners(tmp_path, truth, some):
    write_geojson(tmp_path / "t_1.geojson", some)
    features = json.loads((tmp_path / "t_1.geojson").read_text())["features"]
    (tmp_path / "t_1.geojson").write_text(json.dumps(features))
    for paths in ((tmp_path / "t_1.geojson", truth), (truth, tmp_path / "t_1.geojson")):
        (case,) = open_cases(*paths, mpp=0.25)
        assert case.truth.labels.shape == case.prediction.labels.shape == (60, 80)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy"])
def test_plain_pictures_of_labels(tmp_path, truth, some, suffix):
    folder = tmp_path / "plain"
    folder.mkdir()
    if suffix == ".npy":
        np.save(folder / "t_1.npy", some.labels)
    else:
        Picture.fromarray(some.labels.astype(np.uint16)).save(folder / f"t_1{suffix}")
    cases = open_cases(folder, truth)
    assert cases.names == ("t_1",)
    assert cases.scheme.name == "nucleus"
    assert any("no classes" in note for note in cases.notes)
    assert evaluate(cases).value("pq") == 1


def test_two_files_belong_together_whatever_their_names(tmp_path, truth, some):
    np.save(tmp_path / "prediction.npy", some.labels)
    assert open_cases(tmp_path / "prediction.npy", truth / "t_1.npz").names == ("t_1",)


def test_a_file_against_a_folder(prediction, truth):
    assert open_cases(prediction / "t_2.labels.tif", truth).names == ("t_2",)
    with pytest.raises(NucleusError, match="named like their truth"):
        open_cases(prediction, truth / "t_1.npz")


@pytest.fixture
def fold(tmp_path):
    """Write a fold of PanNuke."""

    def write(name, n=3, published=False, with_types=True):
        masks = tmp_path / (f"{name}/masks/fold1" if published else name)
        others = tmp_path / (f"{name}/images/fold1" if published else name)
        masks.mkdir(parents=True), others.mkdir(parents=True, exist_ok=True)
        planes = np.zeros((n, 32, 32, 6))
        planes[:, 2:12, 2:12, 0], planes[:, 20:30, 2:12, 2] = 5, 5
        np.save(masks / "masks.npy", planes)
        if with_types:
            np.save(others / "types.npy", np.array(["Breast", "Colon", "Colon"][:n]))
            np.save(others / "images.npy", np.zeros((n, 32, 32, 3)))
        return tmp_path / name

    return write


@pytest.mark.parametrize("published", [True, False])
def test_a_fold_against_predicted_masks(fold, published):
    truth, prediction = fold("truth", published=published), fold("prediction", with_types=False)
    cases = open_cases(prediction, truth)
    assert [case.tissue for case in cases] == ["Breast", "Colon", "Colon"]
    assert cases[1].truth.counts()["connective"] == 1
    assert cases.image(2).shape == (32, 32, 3)
    assert evaluate(cases).value("mpq") == 1
    assert len(open_cases(prediction / "masks.npy", truth)) == 3


def test_folds_of_other_sizes_are_refused(fold):
    with pytest.raises(NucleusError, match="got 2 predicted patches and 3"):
        open_cases(fold("prediction", 2, with_types=False), fold("truth"))


def test_masks_with_another_number_of_classes(fold, tmp_path):
    fold("a")
    assert open_source(tmp_path / "a").names[0] == "a_0000"
    with pytest.raises(NucleusError, match="name its classes"):
        open_source(tmp_path / "a", classes="lizard")


def test_several_folds_are_refused(fold, tmp_path):
    fold("a"), fold("b")
    with pytest.raises(NucleusError, match=r"got 2 \(a, b\)"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda p: p.mkdir(), "a folder without"),
        (lambda p: None, "nothing of that name"),
        (lambda p: (p.mkdir(), (p / "t_1.png").write_text("no picture")), "t_1.png"),
        (lambda p: (p.mkdir(), (p / "t_1.npz").write_bytes(b"PK")), "t_1.npz"),
        (lambda p: (p.mkdir(), Picture.fromarray(PIXELS).save(p / "t_1.png")), "t_1.png"),
        (lambda p: (p.mkdir(), np.savez(p / "other.npz", inst=np.eye(3, dtype=int))), "other in bad and t_1"),
    ],
)
def test_what_cannot_be_scored_is_one_line(truth, tmp_path, made, message):
    made(tmp_path / "bad")
    with pytest.raises(NucleusError, match=message) as error:
        list(open_cases(tmp_path / "bad", truth))
    assert "\n" not in str(error.value)


def test_shapes_that_differ_name_the_image(truth, tmp_path):
    (tmp_path / "p").mkdir()
    np.savez(tmp_path / "p" / "t_2.npz", inst=np.eye(30, dtype=int))
    with pytest.raises(NucleusError, match=r"t_2: .*\(30, 30\)"):
        evaluate(open_cases(tmp_path / "p", truth))


def test_the_scheme_covers_all_files_where_numbers_are_unknown(tmp_path, some):
    for side, top in (("p", 4), ("t", 3)):
        (tmp_path / side).mkdir()
        for name, largest in (("a", 2), ("b", top)):
            np.savez(tmp_path / side / name, inst=some.labels, type=np.minimum(some.type_map(), largest))
    cases = open_cases(tmp_path / "p", tmp_path / "t")
    assert cases.scheme.classes == ("class_1", "class_2", "class_3", "class_4")
    assert evaluate(cases).class_confusion().loc["class_3", "class_4"] == 1
    assert open_cases(tmp_path / "p", tmp_path / "t", classes="consep").scheme.name == "consep"
