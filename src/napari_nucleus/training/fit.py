"""Dense networks learn from annotated images."""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from napari_nucleus.core.errors import NucleusError
from napari_nucleus.core.progress import Progress
from napari_nucleus.core.scheme import scheme
from napari_nucleus.models.card import ModelCard
from napari_nucleus.models.memory_format import channels_last
from napari_nucleus.models.registry import create_model, is_dense
from napari_nucleus.training.checkpoint import export_weights, load_state, save_state
from napari_nucleus.training.datasets import Crops, CropSampler, load_source
from napari_nucleus.training.loop_recipe import DEFAULT_STEPS
from napari_nucleus.training.objective import Targets, objective
from napari_nucleus.training.recipe import Recipe, read_recipe
from napari_nucleus.training.run import Run


def fit(
    recipe: Recipe | str | Path,
    data: str | Path,
    runs: str | Path = "runs",
    *,
    device: str = "cpu",
    steps: int | None = None,
    resume: bool = False,
) -> Generator[Progress, None, Run]:
    """Train a model; every ``yield`` is one update.

    Parameters
    ----------
    recipe : Recipe or path to TOML
    data : path
        The folder that holds the recipe's sources.
    runs : path
        The run lands in ``runs/<recipe name>/``.
    device : str
        Of torch. On CPU and CUDA the forward pass runs in bfloat16.
    steps : int, optional
        Another number of updates than the recipe's, to end a run earlier or later.
    resume : bool
        Go on from the run's last checkpoint.

    Yields
    ------
    Progress
        ``values`` holds ``loss``, its parts, ``rate`` and ``seconds``.

    Raises
    ------
    NucleusError
        Data are missing, broken or of other classes, the run exists already, or the loss is no number.
    """
    recipe = recipe if isinstance(recipe, Recipe) else read_recipe(recipe)
    steps = steps or recipe.steps or DEFAULT_STEPS
    folder = Path(runs) / recipe.name
    if (folder / "last.pt").exists() and not resume:
        raise NucleusError(f"Expected a new run, got the existing {folder}. Resume it, or rename the recipe.")
    yield Progress(0, steps, "loading images")
    torch.manual_seed(recipe.seed)
    model = _network(recipe)
    sampler, validation = _samplers(recipe, Path(data), model.targets)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.json").write_text(json.dumps(recipe.as_dict(), indent=2) + "\n", encoding="utf-8")

    model = channels_last(model.to(device))
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema), use_buffers=True)
    optimizer = torch.optim.AdamW(_groups(model, recipe.weight_decay), lr=recipe.learning_rate)
    first = load_state(folder / "last.pt", model, averaged, optimizer) if resume else 0
    weight = torch.tensor(recipe.class_weight, device=device)

    log = _Log(folder / "log.csv", first)
    for step in range(first, steps):
        start = time.perf_counter()
        rate = recipe.learning_rate * _trapezoid(step / steps, recipe.warmup, recipe.decay)
        for group in optimizer.param_groups:
            group["lr"] = rate
        # Chance follows the step alone, so that a resumed run draws what the unbroken one would have drawn.
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        parts = _losses(model.train(), sampler.batch(step), weight, device)
        loss = torch.stack(list(parts.values())).sum()
        if not torch.isfinite(loss):
            raise NucleusError(
                f"Expected a finite loss at step {step + 1}, got {loss.item()}. Lower learning_rate and resume; "
                f"{folder / 'last.pt'} holds the last good state."
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        if (step + 1) % 2 == 0:  # every second step costs half and averages as well
            averaged.update_parameters(model)
        values = {"loss": loss.item(), **{k: v.item() for k, v in parts.items()}, "rate": rate}
        values["seconds"] = time.perf_counter() - start
        if (step + 1) % recipe.checkpoint_every == 0 or step + 1 == steps:
            save_state(folder / "last.pt", step + 1, model, averaged, optimizer)
            export_weights(folder / "model.safetensors", averaged.module)
        if validation and ((step + 1) % recipe.validate_every == 0 or step + 1 == steps):
            values |= validate(averaged.module, validation, weight, device)
        log.write(step + 1, values)
        yield Progress(step + 1, steps, "training", values)
    card = ModelCard(recipe.name, recipe.model, recipe.classes, recipe.mpp, options=recipe.options)
    return Run(folder, folder / "model.safetensors", card)


def validate(model: nn.Module, batches: list[Crops], weight: Tensor, device: str) -> dict[str, float]:
    """Mean losses of a model over fixed crops, without augmentation; keys begin with ``val_``."""
    model.eval()
    with torch.no_grad():
        losses = [_losses(model, crops, weight, device) for crops in batches]
    return {f"val_{k}": float(torch.stack([part[k] for part in losses]).mean()) for k in losses[0]}


def _network(recipe: Recipe) -> Any:
    if not is_dense(recipe.model):
        raise NucleusError(f"Expected a network that segments, got {recipe.model}. Choose another, or cross-relabel.")
    model: Any = create_model(recipe.model, classes=recipe.classes, **recipe.options)
    multiple = getattr(model, "crop_multiple", model.size_multiple)
    if recipe.crop % multiple:
        above = -(-recipe.crop // multiple) * multiple
        raise NucleusError(
            f"Expected a crop that {recipe.model} takes, a multiple of {multiple} pixels, got {recipe.crop}. "
            f"Set crop = {above}."
        )
    return model


def _samplers(recipe: Recipe, data: Path, targets: Sequence[str]) -> tuple[CropSampler, list[Crops]]:
    n_classes = len(scheme(recipe.classes))
    if len(recipe.class_weight) != 1 + n_classes:
        raise NucleusError(
            f"Expected {1 + n_classes} numbers in class_weight (background and the classes of {recipe.classes}), got "
            f"{len(recipe.class_weight)}. Give one each."
        )
    groups, held_out = [], []
    for source in recipe.sources:
        images = list(load_source(data, source, recipe.mpp, targets))
        for image in images:
            if image.types is not None and image.types.max(initial=0) > n_classes:
                raise NucleusError(
                    f"Expected classes 0 to {n_classes} ({recipe.classes}) in {source.folder}, got "
                    f"{image.types.max()} in {image.name}. Choose the scheme of that data, or classes = false."
                )
        held_out += [image for image in images if image.name in source.validate]
        groups.append((source.share, [image for image in images if image.name not in source.validate]))
    groups = [(share, images) for share, images in groups if images]
    if not groups:
        raise NucleusError("Expected images to train on, got validation images alone. Shorten the lists 'validate'.")
    if not held_out:
        return CropSampler(groups, recipe), []
    fixed = CropSampler([(1.0, held_out)], recipe)
    return CropSampler(groups, recipe), [fixed.batch(i, augment=False) for i in range(16)]


def _groups(model: nn.Module, weight_decay: float) -> list[dict]:
    """Norms and biases don't decay; what is frozen stays as it is."""
    kernels = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    rest = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]


def _trapezoid(position: float, warmup: float, decay: float) -> float:
    """Learning rate in [0, 1]: up, flat, down along a cosine. A flat middle lets a run end earlier or later."""
    rise = (position + 1e-4) / warmup if warmup else 1.0
    fall = (1 - position) / decay if decay else 1.0
    return min(1.0, rise, 0.5 - 0.5 * math.cos(math.pi * min(1.0, fall)))


def _losses(model: nn.Module, crops: Crops, class_weight: Tensor, device: str) -> dict[str, Tensor]:
    image = crops.image.to(device).contiguous(memory_format=torch.channels_last)
    targets = Targets(
        nucleus=torch.from_numpy(crops.nucleus).to(device)[:, None].float(),
        types=torch.from_numpy(crops.types).to(device).long(),
        typed=torch.from_numpy(crops.typed).to(device),
        **{name: torch.from_numpy(target).to(device) for name, target in crops.targets.items()},
    )
    with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
        output = model(image)
    return objective(output, targets, class_weight)


class _Log:
    """``log.csv``, a row a step; a resumed run drops the rows after its checkpoint."""

    def __init__(self, path: Path, first: int) -> None:
        self._path = path
        self._kept: list[dict[str, str]] = []
        self._columns: list[str] = []
        if first and path.exists():
            with path.open(newline="") as file:
                self._kept = [row for row in csv.DictReader(file) if int(row["step"]) <= first]

    def write(self, step: int, values: dict[str, float]) -> None:
        if not self._columns:
            self._begin([name for name in values if not name.startswith("val_")])
        with self._path.open("a", newline="") as file:
            csv.DictWriter(file, self._columns).writerow({"step": step, **{k: f"{v:.6g}" for k, v in values.items()}})

    def _begin(self, names: list[str]) -> None:
        """Columns are the losses that the network has, those of validation last."""
        parts = [name for name in names if name not in ("loss", "rate", "seconds")]
        self._columns = ["step", *names, *(f"val_{part}" for part in parts)]
        with self._path.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._columns)
            writer.writeheader()
            writer.writerows(self._kept)
