"""A student with what it needs only while it learns features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from safetensors.torch import load_file, save
from torch import Tensor, nn

from napari_nucleus.models.flow_output import FlowOutput
from napari_nucleus.models.hover_output import HoverOutput
from napari_nucleus.training.distill.features import head_of, tapped, tokens
from napari_nucleus.training.whole_file import whole_file

_STUDENT = "student."
_ANY = 1 << 30  # pixels


class TaughtOutput(NamedTuple):
    """Of the student in training: its maps, and its tokens in the terms of each of the teacher's models."""

    maps: HoverOutput | FlowOutput
    tokens: list[Tensor]


class TaughtStudent(nn.Module):
    """The student and, for each of the teacher's models, a 1×1 convolution from its features to the teacher's.

    Guan et al. (2025, eq. 1 and 8) project the student's features with learnable linear maps before they are compared.
    Outside of training it answers as the student does.

    Parameters
    ----------
    student : nn.Module
    widths : sequence of int
        Channels of the tokens of each of the teacher's models.
    """

    def __init__(self, student: nn.Module, widths: Sequence[int]) -> None:
        super().__init__()
        self.student = student
        # What is asked of a network that segments.
        self.size_multiple: int = student.size_multiple  # type: ignore[assignment]
        self.tile_core: int = getattr(student, "tile_core", _ANY)
        own = head_of(student).in_channels
        self.projections = nn.ModuleList(nn.Conv2d(own, width, 1) for width in widths)

    def forward(self, image: Tensor) -> TaughtOutput | HoverOutput | FlowOutput:
        """Maps of images (B, 3, H, W), and in training their tokens."""
        if not self.training:
            maps: HoverOutput | FlowOutput = self.student(image)
            return maps
        with tapped(self.student) as caught:
            output = self.student(image)
        seen = tokens(caught[-1], *image.shape[-2:])
        return TaughtOutput(output, [project(seen) for project in self.projections])


def keep_student(weights: Path) -> None:
    """Leave the student alone in a file of a `TaughtStudent`'s weights, so that it is a model like any other."""
    state = load_file(weights) if weights.exists() else {}
    kept = {name.removeprefix(_STUDENT): tensor for name, tensor in state.items() if name.startswith(_STUDENT)}
    if kept:
        with whole_file(weights) as file:
            file.write(save(kept))
