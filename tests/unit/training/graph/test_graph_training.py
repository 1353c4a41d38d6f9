"""Graph classifiers from annotated images; the images are parts of the bundled tile."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_nucleus.core import Image, NucleusError, NucleusMap, drain
from napari_nucleus.graph import image_embeddings
from napari_nucleus.graph.library import add_graph, list_graphs, load_graph
from napari_nucleus.graph.tissue import tissue_features
from napari_nucleus.inference import classify_nodes, segment
from napari_nucleus.inference.features import model_features
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models import load_segmenter
from napari_nucleus.training import DataSource, GraphRecipe, train_graph
from napari_nucleus.training.graph import graph_ablation
from napari_nucleus.training.graph.ablation import VOTE, summary
from napari_nucleus.training.graph.images import open_nodes
from napari_nucleus.training.graph.looks import Looker


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "tiles").mkdir()
    image, nuclei = consep_tile()
    types = nuclei.type_map()
    for i, (y, x) in enumerate(((0, 0), (0, 256), (256, 0))):
        part = np.s_[y : y + 256, x : x + 256]
        arrays = {"image": image.array[part], "inst": nuclei.labels[part], "type": types[part]}
        np.savez_compressed(folder / "tiles" / f"tile_{i}.npz", **arrays)
    return folder


def recipe(**changes):
    source = DataSource("tiles", classes=True, mpp=0.25, scheme="consep", validate=("tile_2",))
    values = {
        "name": "tiny",
        "sources": (source,),
        "views": 2,
        "measures": 3,
        "steps": 6,
        "batch": 2,
        "fused": 16,
        "hidden": 16,
    }
    values |= {"fused": 16, "hidden": 16, "checkpoint_every": 3, "validate_every": 3}
    return GraphRecipe(**values | changes)


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    return drain(train_graph(recipe(), data, runs))


def test_a_run_is_scored_and_says_what_it_reads(trained):
    curves = pd.read_csv(trained.folder / "log.csv")
    assert curves["loss"].notna().all()
    assert {"val_fc", "val_fc_epithelial", "val_loss", "val_accuracy"} <= set(curves)
    assert trained.card.training["graph"]["model"] == "nucleus_small"
    assert trained.card.training["validation"] == ["tile_2"]
    assert trained.card.classes == "consep"


def test_a_killed_run_goes_on_to_the_same_weights(trained, data, tmp_path):
    looks = trained.folder / "looks"
    work = train_graph(recipe(), data, tmp_path, looks=looks)
    for progress in work:
        if progress.values and progress.done == 4:
            break
    work.close()
    again = drain(train_graph(recipe(), data, tmp_path, resume=True, looks=looks))
    one, other = load_file(trained.weights), load_file(again.weights)
    assert all((one[name] == other[name]).all() for name in one)


def test_a_published_classifier_is_found_and_reads_an_image(trained):
    add_graph(trained.weights, trained.card)
    assert "tiny" in list_graphs()
    image, _ = consep_tile()
    part = np.ascontiguousarray(image.array[:256, :256])
    found = segment(part, mpp=0.25).nuclei
    answer = classify_nodes(found, part, classifier="tiny")
    assert answer.probabilities.index.tolist() == found.table["label"].tolist()
    assert np.allclose(answer.probabilities.sum(axis=1), 1, atol=1e-5)
    named = segment(part, mpp=0.25, graph="tiny", keep_maps=True)
    assert named.nuclei.table["class"].tolist() == answer.probabilities.idxmax(axis=1).tolist()
    at = named.nuclei.table.iloc[0]
    y, x = np.argwhere(named.nuclei.labels == at["label"])[0]
    assert named.nuclei.scheme.name_of(int(named.maps.type_prob[:, y, x].argmax())) == at["class"]


def test_the_shipped_classifier_reads_the_bundled_tile():
    image, _ = consep_tile()
    part = np.ascontiguousarray(image.array[:256, :256])
    found = segment(part, mpp=0.25).nuclei
    answer = classify_nodes(found, part)
    agree = answer.probabilities.idxmax(axis=1) == answer.vote.idxmax(axis=1)
    assert not answer.notes
    assert agree.mean() > 0.5
    seen = classify_nodes(found, part, crops=image_embeddings(part, found))
    pd.testing.assert_frame_equal(seen.probabilities, answer.probabilities)
    without = classify_nodes(found, part, parts=("visual", "position"))
    assert without.probabilities.shape == answer.probabilities.shape


def test_nuclei_without_a_vote_are_read_by_graph_and_words():
    image, nuclei = consep_tile()
    part = np.ascontiguousarray(image.array[:256, :256])
    drawn = NucleusMap.from_labels(np.ascontiguousarray(nuclei.labels[:256, :256]), mpp=0.25)
    answer = classify_nodes(drawn, part)
    assert answer.vote.isna().all(axis=None)
    assert np.allclose(answer.probabilities.sum(axis=1), 1, atol=1e-5)
    truth = nuclei.type_map()[:256, :256]
    true = np.array([np.bincount(truth[drawn.labels == label]).argmax() for label in drawn.table["label"]])
    named = 1 + answer.probabilities.to_numpy().argmax(1)
    assert (named == true).mean() > np.bincount(true).max() / len(true) - 0.1


def test_no_nuclei_is_no_trouble():
    blank = np.full((64, 64, 3), 240, np.uint8)
    result = segment(blank, mpp=0.25, graph="default")
    assert len(result.nuclei) == 0
    assert classify_nodes(result.nuclei, blank).probabilities.shape == (0, 4)


def test_a_model_without_a_graph_says_how_to_get_one():
    with pytest.raises(NucleusError, match="train-graph"):
        load_graph(model="hovernet_seresnext50")
    with pytest.raises(NucleusError, match="one model"):
        segment(np.full((64, 64, 3), 240, np.uint8), ["default", "default"], mpp=0.25, graph="default")
    with pytest.raises(NucleusError, match="parts"):
        classify_nodes(None, None, parts=("smell",))


def test_ablation_scores_each_row_beside_the_vote(data, tmp_path):
    table = drain(graph_ablation(recipe(steps=2), data, tmp_path, bootstrap=20))
    assert list(table["nodes"].unique()) == [VOTE, "visual", "+ position", "+ text", "+ tissue", "full graph"]
    assert (table.query("nodes == 'vote'")["difference"].dropna() == 0).all()
    means = table.query("`class` == ''").set_index("nodes")["f_c"]
    assert means.between(0, 1).all()
    assert "full graph" in summary(table)


def test_a_classifier_from_before_the_tissue_was_measured_still_reads(data, tmp_path):
    run = drain(train_graph(recipe(steps=2, parts=("visual", "position")), data, tmp_path))
    options = {name: value for name, value in run.card.options.items() if name != "tissue"}
    older = replace(run.card, name="older", options=options | {"weights": run.card.options["weights"][:3]})
    weights = tmp_path / "older.safetensors"
    save_file(load_file(run.weights) | {"temperature": torch.ones(())}, weights)
    add_graph(weights, older)
    image, _ = consep_tile()
    part = np.ascontiguousarray(image.array[:128, :128])
    found = segment(part, mpp=0.25).nuclei
    answer = classify_nodes(found, part, classifier="older")
    assert np.allclose(answer.probabilities.sum(axis=1), 1, atol=1e-5)


def test_refit_learns_from_the_images_that_chose(trained, data, tmp_path):
    run = drain(train_graph(recipe(steps=2), data, tmp_path, refit=True, looks=trained.folder / "looks"))
    assert run.folder.name == "tiny-refit"
    assert run.card.name == trained.card.name == "tiny"
    assert run.card.training["validation"] == []
    assert run.card.training["images"] == trained.card.training["images"] + 1
    assert "val_fc" not in pd.read_csv(run.folder / "log.csv")


def test_refit_scores_images_that_no_graph_was_taught(data, tmp_path):
    with pytest.raises(NucleusError, match="tested"):
        drain(graph_ablation(recipe(steps=2), data, tmp_path, refit=True))


def test_annotated_nuclei_are_learnt_from_beside_those_that_are_found(data, tmp_path):
    both = drain(open_nodes(recipe(), data, tmp_path))
    found = drain(open_nodes(recipe(annotated=False), data, tmp_path))
    assert len(both.training) == 2 * len(found.training)
    assert len(both.held_out) == len(found.held_out) == 1
    annotated = [image for image in both.training if image.found is image.truth]
    assert len(annotated) == len(found.training)
    for image in annotated:
        assert (image.classes == image.truth.class_numbers).all()
        assert image.visual.shape[:2] == (2, len(image.truth))
        assert image.tissue.shape[:2] == (3, len(image.truth))
        assert (image.nodes.vote == 0).all()


def test_a_look_at_other_labels_is_another_look(data, tmp_path):
    image, nuclei = consep_tile()
    part = np.ascontiguousarray(image.array[:128, :128])
    labels = np.ascontiguousarray(nuclei.labels[:128, :128])
    look = Looker(recipe(), load_segmenter("nucleus_small"), tmp_path, "cpu")
    one = look("a", part, NucleusMap.from_labels(labels, mpp=0.25))
    fewer = NucleusMap.from_labels(np.where(labels == labels.max(), 0, labels), mpp=0.25)
    other = look("a", part, fewer)
    assert other.visual.shape[1] == other.tissue.shape[1] == one.visual.shape[1] - 1


@pytest.fixture
def corner():
    """Pixels and annotated nuclei."""
    image, nuclei = consep_tile()
    pixels, labels = (np.ascontiguousarray(array[:256, :256]) for array in (image.array, nuclei.labels))
    return pixels, NucleusMap.from_labels(labels, mpp=0.25)


def test_views_and_measures_begin_with_the_image_as_it_is_and_go_on_in_other_colours(corner, tmp_path):
    pixels, nuclei = corner
    model = load_segmenter("nucleus_small")
    seen = Looker(recipe(), model, tmp_path, "cpu")("a", pixels, nuclei, varied=True)
    assert (len(seen.visual), len(seen.tissue)) == (2, 3)
    np.testing.assert_array_equal(seen.visual[0], model_features(Image((pixels,), mpp=0.25), nuclei, [model], "cpu"))
    plain = tissue_features(nuclei, pixels)
    np.testing.assert_array_equal(seen.tissue[0], plain)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not np.allclose(seen.tissue[one], seen.tissue[other], atol=0.05)
    shapes = np.s_[..., :6]  # none of which has a unit or a colour
    np.testing.assert_allclose(seen.tissue[shapes], np.broadcast_to(plain[shapes], (3, len(nuclei), 6)), atol=1e-6)


def test_measures_are_zoomed_and_recoloured_as_the_recipe_says(corner, tmp_path):
    pixels, nuclei = corner
    model = load_segmenter("nucleus_small")
    sizes, colours = np.s_[:, 11:15], np.s_[:, 17:23]  # logarithms of area, perimeter and axes; optical densities
    plain = tissue_features(nuclei, pixels)
    for number, (stain, zoom) in enumerate(((0.0, 1.5), (1.5, 1.0))):
        changes = {"measure_stain": stain, "measure_zoom": zoom, "soften": 0.0}
        look = Looker(recipe(**changes), model, tmp_path / str(number), "cpu")
        changed = look("a", pixels, nuclei, varied=True).tissue[1]
        assert np.allclose(changed[colours], plain[colours], atol=1e-5) == (stain == 0)
        assert np.allclose(changed[sizes], plain[sizes], atol=1e-5) == (zoom == 1)


def test_a_kept_look_serves_whoever_wants_fewer_views(corner, tmp_path):
    pixels, nuclei = corner
    model = load_segmenter("nucleus_small")
    many = Looker(recipe(), model, tmp_path, "cpu")("a", pixels, nuclei, varied=True)
    files = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    few = Looker(recipe(), model, tmp_path, "cpu")("a", pixels, nuclei)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == files
    np.testing.assert_array_equal(few.visual, many.visual[:1])
    np.testing.assert_array_equal(few.tissue, many.tissue[:1])
    for file in files:
        file.write_bytes(b"PK broken")
    again = Looker(recipe(), model, tmp_path, "cpu")("a", pixels, nuclei, varied=True)
    np.testing.assert_array_equal(again.visual, many.visual)
    np.testing.assert_array_equal(again.tissue, many.tissue)


@pytest.mark.parametrize(
    ("changes", "told"), [({"parts": ("smell",)}, "visual"), ({"layer": "gnc"}, "gcn"), ({"sources": ()}, "sources")]
)
def test_a_recipe_that_cannot_be_is_refused(changes, told):
    with pytest.raises(NucleusError, match=told):
        recipe(**changes)


def test_the_shipped_recipe_holds_out_the_five_tiles(request):
    from napari_nucleus.training import read_recipe

    shipped = read_recipe(request.config.rootpath / "recipes" / "nucleus_graph.toml", GraphRecipe)
    assert set(shipped.sources[0].validate) == {f"train_{n}" for n in (3, 10, 12, 22, 24)}
    assert not any(name.startswith("test") for name in (shipped.sources[0].include,))
