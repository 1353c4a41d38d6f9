import numpy as np
import pandas as pd
import pytest

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph import ask, image_embeddings, morphology, promote, text_encoder, zero_shot
from napari_nucleus.io.samples import consep_tile


@pytest.fixture(scope="module")
def encoder():
    return text_encoder()


@pytest.fixture(scope="module")
def tile():
    image, nuclei = consep_tile()
    box = np.s_[:400, :400]
    kinds = nuclei.type_map()[box]
    nuclei = NucleusMap.from_labels(nuclei.labels[box], classes="consep", type_map=kinds)
    image = image.array[box]
    return nuclei, morphology(nuclei, image), image_embeddings(image, nuclei)


def place(*boxes):
    labels = np.zeros((200, 200), np.int32)
    for label, (y, x, height, width) in enumerate(boxes, 1):
        labels[y : y + height, x : x + width] = label
    return NucleusMap.from_labels(labels)


def test_measured_words_rank_without_an_encoder():
    nuclei = place((10, 10, 8, 8), (50, 50, 30, 30), (100, 100, 4, 40))
    measured = morphology(nuclei)
    assert ask("large nucleus", measured, None, None).idxmax() == 2
    assert ask("elongated nucleus", measured, None, None).idxmax() == 3
    assert ask("not elongated small", measured, None, None).idxmax() == 1


def test_near_prefers_the_neighbour():
    nuclei = place((10, 10, 4, 16), (10, 40, 30, 30), (150, 150, 4, 16))
    score = ask("elongated nucleus near a large one", morphology(nuclei), None, None, nuclei=nuclei)
    assert score.idxmax() == 1
    assert score[1] > score[3]


def test_scores_are_by_label_whatever_gaps_they_have(tile, encoder):
    _, measured, embeddings = tile
    score = ask("small round dark nucleus", measured, embeddings, encoder)
    assert score.index.tolist() == measured["label"].tolist()
    assert score.between(0, 1).all()
    assert score.name == "score"


def test_the_best_answers_look_as_asked(tile, encoder):
    _, measured, embeddings = tile
    score = ask("small round dark nucleus", measured, embeddings, encoder).to_numpy()
    best = np.argsort(-score)[: len(score) // 10]
    for column, wanted in (("diameter_um", -1), ("axis_ratio", 1), ("haematoxylin", 1)):
        assert wanted * measured[column].iloc[best].mean() > wanted * measured[column].mean()


def test_classes_are_found_by_their_names_alone(tile, encoder):
    nuclei, _, embeddings = tile
    names = ["inflammatory", "epithelial", "spindle-shaped"]
    found = zero_shot(names, embeddings, encoder)
    known = nuclei.table["class"].isin(names).to_numpy()
    true = pd.Index(names).get_indexer(nuclei.table["class"])
    assert np.allclose(found.sum(1), 1, atol=1e-5)
    most_frequent = np.bincount(true[known]).max() / known.sum()
    assert (found.argmax(1) == true)[known].mean() > most_frequent


def test_a_click_or_two_of_each_class_makes_it_better_than_its_names(tile, encoder):
    nuclei, _, embeddings = tile
    true = 1 + (nuclei.table["class"] == "epithelial").to_numpy().astype(int)
    rows = np.concatenate([np.flatnonzero(true == kind)[:12] for kind in (1, 2)])
    head = promote(["foo", "bar"], rows, true[rows], embeddings, encoder).head
    promoted = head.probabilities(embeddings).argmax(1) + 1
    typed = zero_shot(["foo", "bar"], embeddings, encoder).argmax(1) + 1
    assert (promoted == true).mean() > (typed == true).mean()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_nuclei(n, encoder):
    nuclei = place(*[(20 + 40 * i, 20, 20, 20) for i in range(n)])
    image = np.full((200, 200, 3), 200, np.uint8)
    embeddings = image_embeddings(image, nuclei)
    score = ask("large nucleus near tumour", morphology(nuclei, image), embeddings, encoder, nuclei=nuclei)
    assert len(score) == n
    assert np.isfinite(score).all()
    assert zero_shot(["a", "b"], embeddings, encoder).shape == (n, 2)


def test_ten_thousand_characters(tile, encoder):
    _, measured, embeddings = tile
    assert np.isfinite(ask("small nucleus " * 715, measured, embeddings, encoder)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, e, t: ask(" ", m, e, t), "Expected words"),
        (lambda m, e, t: ask("small", m, e[:3], t), "Expected an embedding for each"),
        (lambda m, e, t: ask("near tumour", m, e, t), "Expected nuclei for"),
        (lambda m, e, t: ask("lymphocyte", m, None, None), "or a text encoder"),
        (lambda m, e, t: ask("lymphocyte", m, e[:, :5], t), "from one CLIP"),
        (lambda m, e, t: zero_shot([], e, t), "name of a class"),
        (lambda m, e, t: zero_shot(["a", " "], e, t), "a name for each class"),
        (lambda m, e, t: promote(["a"], np.zeros(0, int), np.zeros(0, int), e, t), "nuclei that were clicked"),
    ],
)
def test_mistakes_are_one_line(tile, encoder, call, message):
    _, measured, embeddings = tile
    with pytest.raises(NucleusError, match=message) as raised:
        call(measured, embeddings, encoder)
    assert "\n" not in str(raised.value)
