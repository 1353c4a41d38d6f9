import numpy as np
import pytest

from napari_nucleus.graph.traits import TRAITS
from napari_nucleus.training.clip.captions import UNKNOWN, Captions, matching

CLASSES = ("epithelial", "inflammatory")
WORDS = {"epithelial": ("epithelial", "tumour")}


def drawn(known, n=300):
    captions = Captions(CLASSES, WORDS)
    return [captions.draw(np.array(known), np.random.default_rng(seed)) for seed in range(n)]


def test_what_is_said_stands_in_the_text_and_is_true():
    known = np.array([0, 2, 2, 1, 0])
    for text, said in drawn(known):
        assert ((said == known) | (said == UNKNOWN)).all()
        assert (said != UNKNOWN).any()
        for number, words in zip(said, TRAITS.values(), strict=False):
            assert number == UNKNOWN or words[number] in text
        assert said[-1] == UNKNOWN or any(word in text for word in WORDS["epithelial"])


def test_every_trait_and_synonym_comes_up():
    texts = " ".join(text for text, _ in drawn([0, 2, 2, 1, 0]))
    assert all(word in texts for word in ("small", "round", "dark", "even chromatin", "epithelial", "tumour"))


def test_a_class_that_is_not_known_is_never_said():
    assert all(said[-1] == UNKNOWN for _, said in drawn([1, 1, 1, 1, UNKNOWN]))


def test_a_class_without_synonyms_goes_by_its_name():
    assert any("inflammatory" in text for text, _ in drawn([1, 1, 1, 1, 1], 50))


@pytest.mark.parametrize(
    ("known", "said", "fits", "told"),
    [
        ([0, 2, 2, 1, 0], [0, -1, -1, -1, -1], True, True),
        ([0, 2, 2, 1, 0], [1, -1, -1, -1, -1], False, True),
        ([0, 2, 2, 1, 0], [0, -1, 2, -1, 0], True, True),
        ([0, 2, 2, 1, -1], [0, -1, -1, -1, 0], False, False),
        ([0, 2, 2, 1, -1], [0, 2, -1, -1, -1], True, True),
    ],
)
def test_descriptions_fit_whatever_they_do_not_contradict(known, said, fits, told):
    found = matching(np.array([known]), np.array([said]))
    assert (bool(found[0]), bool(found[1])) == (fits, told)
