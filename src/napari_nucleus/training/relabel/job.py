"""Cross-relabelling, from two data sets to one refined data set, as one job that goes on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import pandas as pd

from napari_nucleus.core import NucleusError, Progress
from napari_nucleus.io.files import replacing
from napari_nucleus.training.loop import train
from napari_nucleus.training.recipe import read_recipe
from napari_nucleus.training.recipe_reading import data_folder, from_values
from napari_nucleus.training.relabel.assess import Classifier, assess
from napari_nucleus.training.relabel.cell_task import CellTask
from napari_nucleus.training.relabel.cells import Cells, SourceImages, cut_cells
from napari_nucleus.training.relabel.ledger import entries, read_ledger, write_ledger
from napari_nucleus.training.relabel.predict import BATCH
from napari_nucleus.training.relabel.recipe import CellSource, RelabelRecipe
from napari_nucleus.training.relabel.refined import write_refined
from napari_nucleus.training.run import Run, training_in

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RelabelRun:
    """A finished cross-relabelling.

    Attributes
    ----------
    folder : Path
        With ``recipe.json``, ``ledger`` and ``review`` (``.parquet`` and ``.csv``), ``refined/``, and a folder a source
        with its cells and its classifier.
    ledger, review, refined : Path
        The Parquet files, and the folder of the refined data set.
    classifiers : tuple of Run
        In the order of the recipe's sources; ``accuracy.csv``, ``confusion.csv`` and the like lie in their folders.
    """

    folder: Path
    ledger: Path
    review: Path
    refined: Path
    classifiers: tuple[Run, ...]


def cross_relabel(
    recipe: RelabelRecipe | str | Path,
    data: str | Path | None = None,
    runs: str | Path = "runs",
    *,
    device: str = "cpu",
    steps: int | None = None,
    resume: bool = False,
) -> Generator[Progress, None, RelabelRun]:
    """Refine the broad class of each of two data sets by what the other knows (Shvetsov et al. 2025, §2).

    1. The cells of the broad and fine classes are cut out of both.
    2. Of each, a classifier of its fine classes is trained, calibrated and tested.
    3. Each is applied to the broad class of the other; who is sure enough is renamed, the others are queued for review.
    4. Both data sets are written as one, with a ledger.

    Parameters
    ----------
    recipe : RelabelRecipe or path to TOML
    data : path, optional
        The folder that holds both data sets; by default the recipe's own.
    runs : path
        The run lands in ``runs/<recipe name>/``.
    device : str
        Of torch.
    steps : int, optional
        Another number of updates of each classifier than the recipe's.
    resume : bool
        Go on with a run that was stopped or killed: what it has finished is taken as it is.

    Yields
    ------
    Progress
        The message names the stage. While a classifier is trained, ``values`` are those of the training loop. The total
        is 0 as long as it isn't known, which is while cells are cut.

    Raises
    ------
    NucleusError
        Data are missing or don't fit the recipe, the run exists already, or a loss is no number.
    """
    data = data_folder(recipe, data)
    recipe = recipe if isinstance(recipe, RelabelRecipe) else read_recipe(recipe, RelabelRecipe)
    folder = Path(runs) / recipe.name
    with training_in(folder):
        _begin(folder, recipe, resume=resume)
        images = [SourceImages(source, Path(data), recipe.mpp) for source in recipe.sources]
        stages = []
        for one in images:
            cells = yield from _told(cut_cells(one, recipe, folder / one.source.name), _uncounted)
            stages.append(_Stage(recipe, one.source, cells, folder / one.source.name))
        course = _Course(sum(stage.updates(steps) + stage.batches for stage in stages) + sum(map(len, images)))
        runs_of, classifiers = [], {}
        for stage in stages:
            runs_of.append((yield from course.follow(stage.train(device, steps, resume), stage.updates(steps))))
            classifiers[stage.source.name] = assess(runs_of[-1], stage.task, recipe.threshold, device)
        if not (folder / "ledger.parquet").exists():
            parts = []
            for stage in stages:
                judge = classifiers[recipe.other(stage.source).name]
                parts.append((yield from course.follow(stage.relabel(judge, device), stage.batches)))
            write_ledger(folder, parts)
        refining = write_refined(folder, images, recipe, read_ledger(folder))
        yield from course.follow(refining, sum(map(len, images)), last=True)
    refined = folder / ("refined" if "npz" in recipe.layouts else "refined_pannuke")
    return RelabelRun(folder, folder / "ledger.parquet", folder / "review.parquet", refined, tuple(runs_of))


def run_recipe(folder: Path) -> RelabelRecipe:
    """The recipe that a run was begun with.

    Raises
    ------
    NucleusError
        The folder holds none, or a broken one.
    """
    record = folder / "recipe.json"
    try:
        return from_values(json.loads(record.read_text(encoding="utf-8")), RelabelRecipe)
    except (OSError, ValueError, TypeError) as error:
        raise NucleusError(f"Expected a run of cross-relabelling, got: {error}. Choose its folder.") from None


class _Stage:
    """What is done with one source's cells."""

    def __init__(self, recipe: RelabelRecipe, source: CellSource, cells: Cells, folder: Path) -> None:
        self.recipe, self.source, self.folder, self._cells = recipe, source, folder, cells
        self.task = CellTask(recipe, source, cells)
        self._broad = cells.rows([source.broad])

    @property
    def batches(self) -> int:
        """In which the broad class is relabelled."""
        return -(-len(self._broad) // BATCH)

    def updates(self, steps: int | None) -> int:
        """Of the classifier's weights."""
        return steps or self.recipe.in_steps(len(self.task)).steps or 0

    def train(self, device: str, steps: int | None, resume: bool) -> Generator[Progress, None, Run]:
        """Train the classifier of the fine classes."""
        recipe = self.recipe.in_steps(len(self.task))
        work = train(self.task, recipe, self.folder, device=device, steps=steps, resume=resume)
        return _told(work, lambda p: replace(p, message=f"classifier of {self.source.name}: {p.message}"))

    def relabel(self, judge: Classifier, device: str) -> Generator[Progress, None, pd.DataFrame]:
        """Put the nuclei of the broad class to the other's classifier; gives the ledger's rows."""
        message = f"relabelling {self.source.broad} of {self.source.name}"
        probabilities = yield from judge.probabilities(self._cells.pictures, self._broad, device, message)
        return entries(self.source, self.recipe, judge, self._cells.table.iloc[self._broad], probabilities)


class _Course:
    """One count of progress over all stages."""

    def __init__(self, total: int) -> None:
        self._done, self._total = 0, total

    def follow(
        self, work: Generator[Progress, None, Result], size: int, *, last: bool = False
    ) -> Generator[Progress, None, Result]:
        """Do a stage of so many steps; what was skipped before the last one counts as done."""
        before = self._total - size if last else self._done

        def counted(p: Progress) -> Progress:
            return replace(p, done=before + min(p.done, size), total=self._total)

        result = yield from _told(work, counted)
        self._done = before + size
        return result


def _begin(folder: Path, recipe: RelabelRecipe, *, resume: bool) -> None:
    """Write down what is to be done, or see that it is the same as before."""
    record, text = folder / "recipe.json", json.dumps(recipe.as_dict(), indent=2) + "\n"
    if not record.exists():
        with replacing(record) as part:
            part.write_text(text, encoding="utf-8")
    elif not resume:
        raise NucleusError(f"Expected a new run, got the existing {folder}. Resume it, or rename the recipe.")
    elif record.read_text(encoding="utf-8") != text:
        raise NucleusError(f"Expected the recipe that {folder} began with, got another. Rename it to begin anew.")


def _uncounted(progress: Progress) -> Progress:
    """While cells are cut nobody knows how many updates there will be."""
    return Progress(progress.done, 0, f"{progress.message}, image {progress.done} of {progress.total}")


def _told(
    work: Generator[Progress, None, Result], tell: Callable[[Progress], Progress]
) -> Generator[Progress, None, Result]:
    """Do the work and tell its progress in other words."""
    with closing(work):
        while True:
            try:
                progress = next(work)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            yield tell(progress)
