import numpy as np

from napari_nucleus.evaluation.retrieval import questions, retrieval_table

KNOWN = np.array([[0, 2, 2, 2, 0], [2, 0, 0, 0, 1], [0, 2, 2, 1, -1], [1, 1, 1, 1, 1]])


def test_questions_want_the_nuclei_that_fit():
    asked = questions(KNOWN, ["inflammatory", "epithelial"], [["small", "round", "dark"]])
    assert asked["class", "epithelial nucleus"].tolist() == [False, True, False, True]
    assert asked["word", "a large nucleus"].tolist() == [False, True, False, False]
    assert asked["left out", "a small round dark nucleus"].tolist() == [True, False, True, False]


def test_what_no_nucleus_answers_is_not_asked():
    asked = questions(KNOWN, ["inflammatory", "epithelial", "other"], [["large", "round"]])
    assert {kind for kind, _ in asked} == {"class", "word"}
    assert ("class", "other nucleus") not in asked


def test_a_perfect_similarity_scores_1_and_none_scores_chance():
    asked = questions(KNOWN, ["inflammatory", "epithelial"], [])
    truth = np.stack(list(asked.values()), axis=1)
    assert (retrieval_table(asked, truth)["ap"] == 1).all()
    flat = retrieval_table(asked, np.zeros_like(truth))
    assert np.allclose(flat["ap"], flat["chance"])
