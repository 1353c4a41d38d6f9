"""Segmenting many patches, one after the other, and writing what came of them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.app.browse_state import QueueOrder, QueueStep
from napari_nucleus.app.patch_result import PatchResult, with_new
from napari_nucleus.app.segment import SegmentSteps
from napari_nucleus.core import Image, NucleusError, NucleusMap, Progress
from napari_nucleus.io import PatchSet, write_results
from napari_nucleus.io.files import replacing

if TYPE_CHECKING:  # the package around it loads torch
    from napari_nucleus.inference.result import SegmentResult

_PARTS = 100  # of a patch, so that the bar moves within large ones


def work_off(order: QueueOrder, steps: SegmentSteps) -> Generator[QueueStep, None, None]:
    """Segment the patches of an order; may be cancelled at each step.

    A patch that can't be read is passed over with a note. What is done is written at once where the order says so.

    Raises
    ------
    NucleusError
        The model or device can't be used, or results can't be written.
    """
    results = dict(order.former)
    try:
        for done, index in enumerate(order.indices):
            name = order.patches.names[index]
            try:
                image = order.patches.image(index)
            except NucleusError as error:
                yield QueueStep(order, _progress(order, done + 1, name), index, note=str(error))
                continue
            result = yield from _segment(order, done, image, steps)
            try:
                results[index] = with_new(results.get(index), result.nuclei)
            except NucleusError as error:  # changes by hand that don't fit: they stay
                yield QueueStep(order, _progress(order, done + 1, name), index, note=str(error))
                continue
            failed = _written(order, name, image, results[index])
            yield QueueStep(order, _progress(order, done + 1, name), index, result.nuclei, " ".join(result.notes))
            if failed is not None:
                raise failed
    finally:
        if order.save_to is not None and order.save_to.is_dir() and results:
            write_counts(order.save_to, order.patches, results)


def save_results(folder: Path, patches: PatchSet, results: Mapping[int, PatchResult]) -> Generator[Progress, None, int]:
    """Write the results of all patches; returns how many they are.

    Raises
    ------
    NucleusError
        A patch can't be read or a file not be written.
    """
    for done, (index, result) in enumerate(results.items()):
        yield Progress(done, len(results), f"writing {patches.names[index]}")
        write_patch(folder, patches.names[index], patches.image(index).array, result.now.unpack())
    write_counts(folder, patches, results)
    return len(results)


def write_patch(folder: Path, name: str, image: NDArray[np.uint8], nuclei: NucleusMap) -> None:
    """Write labels, table, GeoJSON and overlay of one patch.

    Raises
    ------
    NucleusError
        The folder can't be made or a file not be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NucleusError(
            f"Expected a folder to write to, got an error ({error.strerror}). Choose another. Folder: {folder}"
        ) from error
    write_results(folder, name, nuclei, image)


def write_counts(folder: Path, patches: PatchSet, results: Mapping[int, PatchResult]) -> None:
    """Write ``counts.csv``: a row a patch with its tissue and its nuclei a class.

    Raises
    ------
    NucleusError
        The file can't be written.
    """
    rows = [
        {
            "patch": patches.names[i],
            "tissue": patches.tissues[i],
            "nuclei": sum(results[i].counts.values()),
            **results[i].counts,
        }
        for i in sorted(results)
    ]
    table = pd.DataFrame(rows).fillna(dict.fromkeys(_classes(results.values()), 0))
    with replacing(folder / "counts.csv") as temporary:
        table.astype(dict.fromkeys(_classes(results.values()), int)).to_csv(temporary, index=False)


def _written(order: QueueOrder, name: str, image: Image, result: PatchResult) -> NucleusError | None:
    """Write a patch where the order says so; an error is kept until the result is handed over."""
    try:
        if order.save_to is not None:
            write_patch(order.save_to, name, image.array, result.now.unpack())
    except NucleusError as error:
        return error
    return None


def _segment(
    order: QueueOrder, done: int, image: Image, steps: SegmentSteps
) -> Generator[QueueStep, None, SegmentResult]:
    running = steps(image, order.model, device=order.device, keep_maps=False)
    while True:
        try:
            step = next(running)
        except StopIteration as stop:
            result: SegmentResult = stop.value
            return result
        share = step.done / step.total if step.total else 0.0
        yield QueueStep(order, _progress(order, done + share, image.name))


def _progress(order: QueueOrder, done: float, name: str) -> Progress:
    n = len(order.indices)
    return Progress(round(_PARTS * done), _PARTS * n, f"{name} · patch {min(int(done) + 1, n)} of {n}")


def _classes(results: Iterable[PatchResult]) -> list[str]:
    """All classes that are counted, each once."""
    return list(dict.fromkeys(name for result in results for name in result.counts))
