"""What can be chosen on this machine: models and devices."""

from __future__ import annotations

from dataclasses import dataclass, field

from napari_nucleus.postprocess.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model in a list.

    Attributes
    ----------
    name : str
    about : str
        One line on what it is.
    thresholds : Thresholds
        Its own.
    lacks : str
        Why it can't be chosen; empty where it can.
    classes : str
        Its class scheme.
    mpp : float
        Pixel size that it works at, in µm.
    """

    name: str
    about: str = ""
    thresholds: Thresholds = field(default_factory=Thresholds)
    lacks: str = ""
    classes: str = ""
    mpp: float = 0.25


@dataclass(frozen=True, slots=True)
class Choices:
    """Models, the default first, and devices, ``"auto"`` first."""

    models: tuple[ModelChoice, ...]
    devices: tuple[str, ...]


def why_not(model: ModelChoice, other: ModelChoice) -> str:
    """Why two models can't be averaged; empty where they can."""
    if model.classes != other.classes:
        return f"Its classes are those of {other.classes}, not of {model.classes}."
    if model.mpp != other.mpp:
        return f"It works at {other.mpp:g} µm per pixel, not at {model.mpp:g}."
    return ""


def load_choices() -> Choices:
    """Look up models and devices; loads torch, so let a thread do it."""
    from napari_nucleus.inference import list_devices
    from napari_nucleus.models import ModelInfo, list_models
    from napari_nucleus.models.registry import is_dense

    def choice(info: ModelInfo) -> ModelChoice:
        lacks = "" if info.has_weights else "broken" if info.problem else "needs weights"
        if info.card is None:
            return ModelChoice(info.name, info.problem, lacks=lacks)
        card = info.card
        about = f"{card.description} Works at {card.mpp} µm per pixel.".strip()
        return ModelChoice(info.name, about, card.thresholds, lacks, card.classes, card.mpp)

    segmenting = [info for info in list_models() if is_dense(info.card.architecture if info.card else info.name)]
    return Choices(tuple(map(choice, segmenting)), ("auto", *list_devices()))
