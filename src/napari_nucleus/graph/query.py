"""A question in words, taken apart: which of its words are measured, and what it wants to be near to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from napari_nucleus.core import NucleusError
from napari_nucleus.graph.words import CHROMATIN, COMPANY, DENT, SHAPE, SIZE, STAIN, Scale

_SAYINGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("size", "small"): ("small", "tiny", "little"),
    ("size", "medium"): ("medium", "medium-sized", "mid-sized"),
    ("size", "large"): ("large", "big", "huge", "giant", "enlarged"),
    ("shape", "round"): ("round", "rounded", "circular"),
    ("shape", "oval"): ("oval", "ovoid", "elliptical"),
    ("shape", "elongated"): ("elongated", "long", "thin", "slender", "stretched"),
    ("dent", "irregular"): ("irregular", "dented", "lobed", "misshapen", "indented"),
    ("dent", "regular"): ("regular",),
    ("stain", "dark"): ("dark", "hyperchromatic", "darkly"),
    ("stain", "grey"): ("grey", "gray"),
    ("stain", "pale"): ("pale", "light", "hypochromatic", "vesicular"),
    ("chromatin", "coarse"): ("coarse", "clumped", "granular"),
    ("chromatin", "even"): ("even",),
    ("chromatin", "smooth"): ("smooth", "fine", "homogeneous"),
    ("company", "crowded"): ("crowded", "clustered", "dense", "densely"),
    ("company", "scattered"): ("scattered",),
    ("company", "isolated"): ("isolated", "alone", "single", "solitary", "lonely"),
}
_SCALES = {"size": SIZE, "shape": SHAPE, "dent": DENT, "stain": STAIN, "chromatin": CHROMATIN, "company": COMPANY}
_MEANING = {saying: (_SCALES[of], word) for (of, word), sayings in _SAYINGS.items() for saying in sayings}
_NEAR = re.compile(r"\b(?:near|close to|next to|beside|adjacent to|around|touching)\b")
_NOT = ("not", "non", "no", "without", "never")
_LONGEST = 2000  # characters that are looked at; an encoder reads fewer still


@dataclass(frozen=True, slots=True)
class Term:
    """A word that is measured.

    Attributes
    ----------
    scale : Scale
    word : str
        One of the scale's.
    negated : bool
        "not round".
    """

    scale: Scale
    word: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A question, taken apart.

    Attributes
    ----------
    text : str
        The nucleus itself in words, without what it is near to.
    terms : tuple of Term
        Its words that are measured.
    near : Query or None
        What it is to be near to.
    """

    text: str
    terms: tuple[Term, ...]
    near: Query | None = None


def parse(words: str) -> Query:
    """Take a question apart.

    Parameters
    ----------
    words : str
        Such as "small round dark nucleus" or "elongated nucleus near tumour". Of a very long one the beginning counts.

    Raises
    ------
    NucleusError
        There are no words in it.

    Examples
    --------
    >>> query = parse("large, not round nucleus near lymphocytes")
    >>> [(term.word, term.negated) for term in query.terms], query.near.text
    ([('large', False), ('round', True)], 'lymphocytes')
    """
    plain = " ".join(words[:_LONGEST].lower().split())
    if not re.search(r"[^\W_]", plain):
        raise NucleusError(f'Expected words such as "small round dark nucleus", got {words[:40]!r}. Write some.')
    own, *rest = _NEAR.split(plain, maxsplit=1)
    own, other = own.strip(" ,.;-"), rest[0].strip(" ,.;-") if rest else ""
    near = parse(other) if re.search(r"[^\W_]", other) else None
    return Query(own or "nucleus", _terms(own), near)


def _terms(text: str) -> tuple[Term, ...]:
    found = []
    words = re.findall(r"[a-z]+(?:-[a-z]+)*", text)
    for place, word in enumerate(words):
        negated = word.startswith("non-") or any(w in _NOT for w in words[max(0, place - 1) : place])
        meaning = _MEANING.get(word.removeprefix("non-"))
        if meaning is not None:
            found.append(Term(*meaning, negated))
    return tuple(dict.fromkeys(found))
