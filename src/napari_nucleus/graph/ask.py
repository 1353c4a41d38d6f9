"""Nuclei asked for in words, and classes that are made up by typing their names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import softmax

from napari_nucleus.core import NucleusError, NucleusMap
from napari_nucleus.graph.query import Query, Term, parse
from napari_nucleus.graph.text import TextEncoder

NEAR_UM = 25.0


def ask(
    query: str,
    measured: pd.DataFrame,
    embeddings: NDArray[np.floating] | None,
    encoder: TextEncoder | None,
    *,
    nuclei: NucleusMap | None = None,
) -> pd.Series:
    """How well each nucleus answers a question in words.

    The score is the geometric mean of what the question is made of, each in [0, 1]:

    * the similarity of its text and the nucleus, as a CLIP sees it, against that of the other nuclei of the image: 0.5
      is the mean nucleus, 0.88 one that is a standard deviation closer;
    * each word that is measured ("small", "not round", "pale"; `napari_nucleus.graph.words`): 0.5 on its edge;
    * "near …": the best score within 25 µm for what follows, fading with the distance.

    Parameters
    ----------
    query : str
        Such as "small round dark nucleus" or "elongated nucleus near tumour".
    measured : DataFrame
        `morphology`, one row a nucleus. Words for stain and chromatin count where it was given the image.
    embeddings : (N, D) float, optional
        `image_embeddings`, in the same order.
    encoder : TextEncoder, optional
        Of the same CLIP. Without it the measured words decide alone.
    nuclei : NucleusMap, optional
        For "near …".

    Returns
    -------
    Series
        ``score`` in [0, 1] by label, in the order of the rows.

    Raises
    ------
    NucleusError
        There are no words; arrays don't fit together; "near" is asked without nuclei; or, without an encoder, nothing
        that is asked for is measured.
    """
    if embeddings is not None and len(embeddings) != len(measured):
        raise NucleusError(
            f"Expected an embedding for each of {len(measured)} nuclei, got {len(embeddings)}. Take this image's."
        )
    score = _score(parse(query), measured, embeddings, encoder, nuclei)
    return pd.Series(score, pd.Index(measured["label"], name="label"), name="score")


def zero_shot(names: Sequence[str], embeddings: NDArray[np.floating], encoder: TextEncoder) -> NDArray[np.float32]:
    """Class probabilities of nuclei, for classes that are named only.

    Parameters
    ----------
    names : sequence of str
        Such as "lymphocyte" and "tumour"; one or more.
    embeddings : (N, D) float
        `image_embeddings`.
    encoder : TextEncoder
        Of the same CLIP.

    Returns
    -------
    (N, C) float32
        Rows summing to 1.

    Raises
    ------
    NucleusError
        A name is empty, or embeddings and encoder are of different CLIPs.
    """
    texts = encoder.encode([class_prompt(name) for name in names])
    if not len(texts):
        raise NucleusError("Expected the name of a class or more, got none. Type names.")
    return softmax(encoder.scale * _similarities(embeddings, texts), axis=1).astype(np.float32)


def class_prompt(name: str) -> str:
    """The text that a class is asked for with.

    Examples
    --------
    >>> class_prompt("epithelial"), class_prompt("mitotic nuclei")
    ('epithelial nucleus', 'mitotic nuclei')
    """
    name = " ".join(name.lower().split())
    if not name:
        raise NucleusError("Expected a name for each class, got an empty one. Name it, or take it away.")
    return name if any(word in name for word in ("nucleus", "nuclei", "cell")) else f"{name} nucleus"


def _score(
    query: Query,
    measured: pd.DataFrame,
    embeddings: NDArray[np.floating] | None,
    encoder: TextEncoder | None,
    nuclei: NucleusMap | None,
) -> NDArray[np.float64]:
    parts = [_term_score(term, measured) for term in query.terms if term.scale.column in measured]
    if encoder is not None and embeddings is not None:
        parts.append(_text_score(_similarities(embeddings, encoder.encode([class_prompt(query.text)]))[:, 0]))
    if query.near is not None:
        others = _score(query.near, measured, embeddings, encoder, nuclei)
        parts.append(_near_score(others, nuclei))
    if not parts:
        raise NucleusError(
            f"Expected a word that is measured (small, round, dark, crowded …), or a text encoder, got {query.text!r}. "
            "Write such a word, or choose an encoder."
        )
    return np.exp(np.mean(np.log(np.maximum(parts, 1e-6)), axis=0))


def _term_score(term: Term, measured: pd.DataFrame) -> NDArray[np.float64]:
    fit = term.scale.fit(measured, term.word)
    return 1 - fit if term.negated else fit


def _text_score(similarity: NDArray[np.floating]) -> NDArray[np.float64]:
    spread = similarity.std() if len(similarity) else 0.0
    return (
        1 / (1 + np.exp(-2 * (similarity - similarity.mean()) / spread))
        if spread > 0
        else np.full(len(similarity), 0.5)
    )


def _near_score(others: NDArray[np.float64], nuclei: NucleusMap | None) -> NDArray[np.float64]:
    """The best of the neighbours within reach, fading from 1 to e⁻¹ there; 0 without any."""
    if nuclei is None:
        raise NucleusError('Expected nuclei for "near", got none. Give nuclei=….')
    best = np.zeros(len(others))
    places = nuclei.table[["y_um", "x_um"]].to_numpy(np.float64)
    if len(places) < 2:
        return best
    pairs = cKDTree(places).query_pairs(NEAR_UM, output_type="ndarray")
    fading = np.exp(-np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1) / NEAR_UM)
    for one, other in (pairs.T, pairs.T[::-1]):
        np.maximum.at(best, one, fading * others[other])
    return best


def _similarities(embeddings: NDArray[np.floating], texts: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cosines (N, T) of crops and texts."""
    if embeddings.ndim != 2 or embeddings.shape[1] != texts.shape[1]:
        raise NucleusError(
            f"Expected embeddings of {texts.shape[1]} numbers, as texts have, got shape {embeddings.shape}. Take both "
            "from one CLIP."
        )
    return np.asarray(embeddings, np.float64) @ texts.T.astype(np.float64)
