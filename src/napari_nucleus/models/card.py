"""Model cards: what a model is, what it was trained on, how good it is, and how it may be used."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any

from napari_nucleus.core import SCHEMES, ClassScheme, NucleusError, own_scheme, scheme
from napari_nucleus.postprocess.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A model's card, kept as JSON beside its weights.

    Attributes
    ----------
    name, architecture : str
        The model, and the registered network that its weights fit.
    description, licence, paper : str
    classes : str
        Name of the class scheme.
    own_classes : ClassScheme or None
        The scheme itself where it is none of the known ones; ``classes`` is its name.
    mpp : float
        Pixel size that the model works at, in µm.
    parameters : int
    options : dict
        Of the architecture, such as ``mode`` for a HoVer-Net.
    thresholds : Thresholds
        Chosen on the validation images.
    data : list of dict
        ``name``, ``images``, ``licence`` and ``citation`` of each data set that it was trained on.
    training : dict
        Recipe, steps, time, hardware, validation images.
    scores : dict
        Data set to metric to value, with how they were computed.
    """

    name: str
    architecture: str
    classes: str
    mpp: float
    description: str = ""
    licence: str = ""
    paper: str = ""
    parameters: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    thresholds: Thresholds = field(default_factory=Thresholds)
    data: list[dict[str, Any]] = field(default_factory=list)
    training: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, Any] = field(default_factory=dict)
    own_classes: ClassScheme | None = None

    @property
    def memory_mb(self) -> float:
        """What the weights take in memory, in single precision."""
        return round(4 * self.parameters / 1e6, 1)

    @property
    def scheme(self) -> ClassScheme:
        """The class scheme."""
        return scheme(self.classes) if self.own_classes is None else self.own_classes


def read_card(path: Path) -> ModelCard:
    """Read a card.

    Raises
    ------
    NucleusError
        The file is no card.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        values["thresholds"] = Thresholds(**values.get("thresholds", {}))
        if values.get("own_classes") is not None:
            values["own_classes"] = _scheme_of(values["own_classes"])
        known = {f.name for f in fields(ModelCard)}
        card = ModelCard(**{k: v for k, v in values.items() if k in known})
        _check(card)
    except FileNotFoundError:
        raise NucleusError(f"Expected a model card in {path}, got no such file. Fetch it, too.") from None
    except (OSError, ValueError, TypeError, AttributeError, KeyError, NucleusError) as error:
        raise NucleusError(f"Expected a model card in {path}, got: {error}. Fetch the model again.") from None
    return card


def named_scheme(kinds: ClassScheme) -> dict[str, Any]:
    """The fields of a card, ``classes`` and ``own_classes``, that say which scheme it has."""
    return {"classes": kinds.name, "own_classes": None if SCHEMES.get(kinds.name) == kinds else kinds}


def _scheme_of(values: dict[str, Any]) -> ClassScheme:
    """A scheme as a card keeps it."""
    kinds = own_scheme(values["name"], [str(c) for c in values["classes"]], [str(c) for c in values["colors"]])
    walks = {str(target): dict(names) for target, names in values.get("crosswalks", {}).items()}
    return replace(kinds, crosswalks=walks)


def _check(card: ModelCard) -> None:
    """The fields that a model is listed and built by."""
    for name in ("name", "architecture", "classes"):
        if not isinstance(getattr(card, name), str):
            raise ValueError(f"{name} = {getattr(card, name)!r}")
    for number in (card.mpp, card.parameters, *asdict(card.thresholds).values()):
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError(f"{number!r} in place of a number")
    if not (isfinite(card.mpp) and card.mpp > 0):
        raise ValueError(f"mpp = {card.mpp}")
    if card.own_classes is not None and card.own_classes.name != card.classes:
        raise ValueError(f"classes = {card.classes!r} beside the scheme {card.own_classes.name!r}")
    if not isinstance(card.options, dict):
        raise ValueError(f"options = {card.options!r}")


def write_card(path: Path, card: ModelCard) -> None:
    """Write a card as JSON."""
    text = json.dumps(asdict(card), indent=2, ensure_ascii=False)
    # A score and its interval read as one line.
    text = re.sub(r"\[[-\d.,\snul]+\]", lambda numbers: "".join(numbers[0].split()).replace(",", ", "), text)
    path.write_text(text + "\n", encoding="utf-8")
