"""What a run writes into its folder; of several processes, the first one writes."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from torch import nn

from napari_nucleus.models.card import ModelCard, write_card
from napari_nucleus.training.checkpoint import export_weights, write_checkpoint
from napari_nucleus.training.environment import record_environment
from napari_nucleus.training.loop_recipe import LoopRecipe
from napari_nucleus.training.run_log import RunLog
from napari_nucleus.training.whole_file import whole_file


class Records:
    """The files of a run.

    Parameters
    ----------
    folder : Path
    recipe : LoopRecipe
    device : str
        Of torch.
    first : int
        Steps that are done.
    """

    def __init__(self, folder: Path, recipe: LoopRecipe, device: str, first: int) -> None:
        self._folder = folder
        self._saved = first
        with whole_file(folder / "recipe.json") as file:
            file.write((json.dumps(recipe.as_dict(), indent=2) + "\n").encode())
        record_environment(folder, device, first)
        self._log = RunLog(folder, first)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._log.close()

    def row(self, step: int, values: dict[str, float]) -> None:
        """A step's row of the curves."""
        self._log.write(step, values)

    def checkpoint(self, step: int, state: dict[str, Any]) -> None:
        """Everything that a resumed run needs, once a step."""
        if step > self._saved:
            self._log.sync()
            write_checkpoint(self._folder / "last.pt", {"step": step, **state})
            self._saved = step

    def model(self, network: nn.Module, card: ModelCard) -> None:
        """Weights to use, with their card."""
        export_weights(self._folder / "model.safetensors", network)
        with whole_file(self._folder / "model.json") as file:
            write_card(Path(file.name), card)

    def preview(self, maps: dict[str, NDArray]) -> None:
        """What the network makes of a held-out image."""
        if maps:
            with whole_file(self._folder / "preview.npz") as file:
                np.savez_compressed(file, allow_pickle=False, **maps)
