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
    """

    name: str
    about: str = ""
    thresholds: Thresholds = field(default_factory=Thresholds)
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """Models, the default first, and devices, ``"auto"`` first."""

    models: tuple[ModelChoice, ...]
    devices: tuple[str, ...]


def load_choices() -> Choices:
    """Look up models and devices; loads torch, so let a thread do it."""
    from napari_nucleus.inference import list_devices
    from napari_nucleus.models import ModelInfo, list_models

    def choice(info: ModelInfo) -> ModelChoice:
        lacks = "" if info.has_weights else "needs weights"
        if info.card is None:
            return ModelChoice(info.name, lacks=lacks)
        about = f"{info.card.description} Works at {info.card.mpp} µm per pixel.".strip()
        return ModelChoice(info.name, about, info.card.thresholds, lacks)

    return Choices(tuple(map(choice, list_models())), ("auto", *list_devices()))
