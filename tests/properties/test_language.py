"""What must hold for the words of any nuclei, and for any words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph import ask, describe, morphology
from napari_nucleus.graph.query import parse
from napari_nucleus.io.samples import consep_tile

LABELS = arrays(np.int32, st.tuples(st.integers(2, 12), st.integers(2, 12)), elements=st.integers(0, 4))
TURNS = [lambda a: a[::-1], lambda a: a[:, ::-1], lambda a: a[::-1, ::-1], lambda a: a.swapaxes(0, 1)]


def described(labels, image, style):
    nuclei = NucleusMap.from_labels(np.ascontiguousarray(labels))
    return describe(morphology(nuclei, np.ascontiguousarray(image)), style, position=False)


@pytest.mark.parametrize("style", ["guan", "rich"])
@pytest.mark.parametrize("turn", TURNS)
def test_real_nuclei_keep_their_descriptions_when_the_image_is_turned(style, turn):
    image, nuclei = consep_tile()
    assert described(turn(nuclei.labels), turn(image.array), style) == described(nuclei.labels, image.array, style)


@given(LABELS, st.integers(0, 9), st.integers(0, 9), st.sampled_from(["guan", "rich"]))
@settings(deadline=None, max_examples=50)
def test_a_shift_changes_no_description(labels, down, right, style):
    shift = ((down, 3), (right, 5))
    image = np.random.default_rng(0).integers(0, 255, (*labels.shape, 3), np.uint8)
    framed = np.pad(np.pad(labels, 1), shift), np.pad(np.pad(image, ((1, 1), (1, 1), (0, 0))), (*shift, (0, 0)))
    still = np.pad(labels, 1), np.pad(image, ((1, 1), (1, 1), (0, 0)))
    assert described(*framed, style) == described(*still, style)


@given(st.text(max_size=400))
def test_any_text_is_a_question_or_refused_in_one_line(words):
    if any(letter.isalnum() for letter in words):
        assert parse(words).text
    else:
        with pytest.raises(NucleusError, match=r"\AExpected words [^\n]*\Z"):
            parse(words)


@given(st.permutations(["small", "not round", "dark", "crowded", "coarse"]), st.integers(1, 5))
@settings(deadline=None, max_examples=20)
def test_the_order_of_measured_words_does_not_matter(words, n):
    labels = np.zeros((60, 60), np.int32)
    labels[5:20, 5:15], labels[30:34, 10:40], labels[45:58, 45:58] = 1, 2, 3
    measured = morphology(NucleusMap.from_labels(labels), np.full((60, 60, 3), 120, np.uint8))
    one, other = (ask(", ".join(some), measured, None, None) for some in (words[:n], sorted(words[:n])))
    assert np.allclose(one, other)
    assert one.between(0, 1).all()
