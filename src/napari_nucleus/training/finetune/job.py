"""Fine-tuning from a recipe to a run, and back to the start where it did harm."""

from __future__ import annotations

from collections.abc import Generator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.models.card import ModelCard, write_card
from napari_nucleus.models.nucleus_head import head_state
from napari_nucleus.models.surgery import with_classes
from napari_nucleus.models.zoo import LoadedModel, count_parameters, load_segmenter
from napari_nucleus.training.checkpoint import export_weights
from napari_nucleus.training.finetune.blend import SHARES, blend
from napari_nucleus.training.finetune.card import tuned_card
from napari_nucleus.training.finetune.classifier import Classified, teach_classifier
from napari_nucleus.training.finetune.data import FineTuneData, open_both
from napari_nucleus.training.finetune.recipe import NUCLEI, FineTuneRecipe
from napari_nucleus.training.finetune.task import FineTuneTask
from napari_nucleus.training.loop import train
from napari_nucleus.training.network import check_crop
from napari_nucleus.training.recipe import read_recipe
from napari_nucleus.training.recipe_reading import data_folder
from napari_nucleus.training.records import Records
from napari_nucleus.training.run import Run, check_new, training_in

FINE_TUNED = "the fine-tuned weights"
ROLLED_BACK = "the start's weights, for a score fell"


def fine_tune(
    recipe: FineTuneRecipe | str | Path,
    data: str | Path | None = None,
    runs: str | Path = "runs",
    *,
    device: str = "cpu",
    steps: int | None = None,
    resume: bool = False,
) -> Generator[Progress, None, Run]:
    """Teach a model of the list with a few more images; every ``yield`` is an image read, then an update.

    The run's card says how the model did on what is held out before and after, and which weights were kept. Where a
    score falls by more than the recipe's tolerance, weights between the start's and the fine-tuned ones are tried
    (`blend`), and where those don't hold either, the start's are kept.

    Parameters
    ----------
    recipe : FineTuneRecipe or path to TOML
    data : path, optional
        The folder that holds the recipe's sources; by default the recipe's own.
    runs : path
        The run lands in ``runs/<recipe name>/``.
    device : str
        Of torch.
    steps : int, optional
        Another number of updates than the recipe's.
    resume : bool
        Go on from the run's last checkpoint.

    Yields
    ------
    Progress
        ``values`` holds ``loss``, its parts, ``rate``, ``seconds`` and the scores of a validation.

    Raises
    ------
    NucleusError
        The start has no weights, data are missing, broken or of classes that lead nowhere, the run exists already, or
        the loss is no number.
    """
    data = data_folder(recipe, data)
    recipe = recipe if isinstance(recipe, FineTuneRecipe) else read_recipe(recipe, FineTuneRecipe)
    folder = Path(runs) / recipe.name
    check_new(folder, resume=resume)
    model = load_segmenter(recipe.start)
    card = model.card
    options = {name: value for name, value in card.options.items() if name != "pretrained"}
    recipe = replace(recipe, model=card.architecture, options=options, mpp=card.mpp)
    if recipe.part == NUCLEI:
        return (yield from _classifier(recipe, model, Path(data), folder, device, resume=resume))
    check_crop(model.network, recipe)
    both = yield from open_both(recipe, card, data, tuple(model.network.targets))  # type: ignore[arg-type]
    task = FineTuneTask(recipe, model, both)
    yield Progress(0, 0, "scoring the start")
    task.score_start(device)
    recipe = recipe.in_steps(task.epoch)
    run = yield from train(task, recipe, folder, device=device, steps=steps, resume=resume)
    run = _judged(run, task)
    yield Progress(1, 1, verdict(run.card))
    return run


def verdict(card: ModelCard) -> str:
    """What became of the scores, in a line."""
    before, after = card.training["before"], card.training["after"]
    scores = ", ".join(f"{name.removeprefix('val_')} {before[name]:.3f} → {after[name]:.3f}" for name in after)
    return f"kept {card.training['kept']}" + (f": {scores}" if scores else "")


@torch.no_grad()
def _judged(run: Run, task: FineTuneTask) -> Run:
    """The run with the weights that are to be kept, and a card that says which."""
    training = run.card.training
    if "kept" in training:  # a run that was judged already, resumed
        return run
    after = {name: training[name] for name in task.before if name in training}
    if not after:
        return _recorded(run, after, "the fine-tuned weights, unscored: nothing is held out")
    if task.holds(after):
        return _recorded(run, after, FINE_TUNED)
    network, tuned = deepcopy(task.start), load_file(run.weights)
    for share in SHARES:
        blend(network, task.start, tuned, share, task.known)
        between = task.validate(network)
        if task.holds(between):
            export_weights(run.weights, network)
            return _recorded(run, between, f"{share:.0%} of the fine-tuned weights, the rest the start's")
    export_weights(run.weights, task.start)
    return _recorded(run, after, ROLLED_BACK)


def _recorded(run: Run, after: dict[str, float], kept: str) -> Run:
    training = {**run.card.training, "after": {k: round(v, 4) for k, v in after.items()}, "kept": kept}
    card = replace(run.card, training=training)
    write_card(run.folder / "model.json", card)
    return replace(run, card=card)


def _classifier(
    recipe: FineTuneRecipe, model: LoadedModel, data: Path, folder: Path, device: str, *, resume: bool
) -> Generator[Progress, None, Run]:
    """The run of a classifier of nuclei; seconds, so that resuming is beginning anew."""
    if (folder / "model.safetensors").exists() and not resume:
        raise NucleusError(f"Expected a new run, got the existing {folder}. Rename the recipe.")
    both = yield from open_both(recipe, model.card, data, ())
    found = yield from teach_classifier(model, recipe, both, device)
    network = with_classes(model, recipe.scheme, recipe.rename, silent=True)
    fell = any(value < found.before[name] - recipe.tolerance for name, value in found.after.items())
    card = _classifier_card(recipe, model, both, found, count_parameters(network))
    with training_in(folder), Records(folder, recipe, device, 0) as records:
        records.row(1, found.after)
        export_weights(folder / "model.safetensors", network, {} if fell else head_state(found.head))
        run = _recorded(
            Run(folder, folder / "model.safetensors", card), found.after, ROLLED_BACK if fell else FINE_TUNED
        )
    yield Progress(1, 1, verdict(run.card), found.after)
    return run


def _classifier_card(
    recipe: FineTuneRecipe, model: LoadedModel, data: FineTuneData, found: Classified, parameters: int
) -> ModelCard:
    counts = dict(zip(recipe.scheme.classes, data.new.counts(len(recipe.scheme)).tolist(), strict=True))
    parameters += sum(p.numel() for p in found.head.parameters())
    training = {
        "recipe": recipe.name,
        "images": len(data.new.training),
        "nuclei_by_class": counts,
        "validation": [entry.name for entry in data.new.held_out.entries],
        "before": {name: round(value, 4) for name, value in found.before.items()},
    }
    card = replace(
        model.card, name=recipe.name, parameters=parameters, training=training, data=data.new.credits, scores={}
    )
    return tuned_card(card, model.card, recipe, data)
