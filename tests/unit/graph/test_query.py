import pytest

from napari_nucleus.core import NucleusError
from napari_nucleus.graph.query import parse


def terms(words):
    return [(term.word, term.negated) for term in parse(words).terms]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("small round dark nucleus", [("small", False), ("round", False), ("dark", False)]),
        ("Big, PALE nuclei", [("large", False), ("pale", False)]),
        ("a nucleus that is not round", [("round", True)]),
        ("non-round nucleus", [("round", True)]),
        (
            "hyperchromatic and irregular, with coarse chromatin",
            [("dark", False), ("irregular", False), ("coarse", False)],
        ),
        ("medium-sized", [("medium", False)]),
        ("isolated lymphocyte", [("isolated", False)]),
        ("small small", [("small", False)]),
        ("lymphocyte", []),
        ("enlarge the grounds", []),
    ],
)
def test_measured_words_are_found(words, expected):
    assert terms(words) == expected


def test_what_is_near_is_a_question_of_its_own():
    query = parse("elongated nucleus near a large tumour nucleus")
    assert query.text == "elongated nucleus"
    assert [term.word for term in query.terms] == ["elongated"]
    assert query.near.text == "a large tumour nucleus"
    assert [term.word for term in query.near.terms] == ["large"]


def test_near_may_be_nested_and_may_stand_alone():
    query = parse("near lymphocytes close to tumour")
    assert query.text == "nucleus"
    assert (query.near.text, query.near.near.text) == ("lymphocytes", "tumour")
    assert parse("round nucleus near").near is None


@pytest.mark.parametrize("words", ["", "   ", "?!", "___"])
def test_no_words_are_refused(words):
    with pytest.raises(NucleusError, match="Expected words such as"):
        parse(words)


def test_ten_thousand_characters_of_which_the_beginning_counts():
    assert terms("round " + "x" * 10_000) == [("round", False)]
    assert parse("near " * 2000 + "tumour") is not None
