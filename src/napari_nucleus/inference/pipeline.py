"""The main job: an image to its nuclei."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from napari_nucleus.core import Image, NucleusError, NucleusMap, Progress, drain
from napari_nucleus.graph.library import LoadedGraph, load_graph
from napari_nucleus.inference.canvas import Canvas
from napari_nucleus.inference.classify import NucleusClassifiers, put_types
from napari_nucleus.inference.device import resolve_device
from napari_nucleus.inference.graph_nodes import answer_steps
from napari_nucleus.inference.network import Predictor
from napari_nucleus.inference.planes import Planes
from napari_nucleus.inference.reading import Reader
from napari_nucleus.inference.result import SegmentResult
from napari_nucleus.io import as_rgb
from napari_nucleus.models import LoadedModel, ModelCard, load_segmenter
from napari_nucleus.postprocess.decoding import decode
from napari_nucleus.postprocess.thresholds import Thresholds

Found = TypeVar("Found")

ASSUMED_MPP = 0.25
# Beyond this the maps of one image (32 bytes a pixel) would fill a laptop's memory.
_MOST_PIXELS_OF_MAPS = 64_000_000


def segment(image: Any, model: str | Sequence[str] = "default", **options: Any) -> SegmentResult:
    """Segment and classify the nuclei of an image.

    Parameters
    ----------
    image : Image or array
        An `Image` of `read_image`, or any array that `napari_nucleus.io.as_rgb` takes.
    model : str or sequence of str
        A model with weights, or several of one class scheme, whose maps are averaged (Zhang et al. §3.2).
    **options
        Those of `segment_steps`.

    Examples
    --------
    >>> from napari_nucleus import read_image, segment  # doctest: +SKIP
    >>> segment(read_image("tile.png", mpp=0.25)).nuclei.counts()  # doctest: +SKIP
    """
    return drain(segment_steps(image, model, **options))


def segment_steps(
    image: Any,
    model: str | Sequence[str] = "default",
    *,
    mpp: float | None = None,
    device: str = "auto",
    tta: bool = False,
    thresholds: Thresholds | None = None,
    keep_maps: bool = True,
    graph: str | None = None,
) -> Generator[Progress, None, SegmentResult]:
    """Segment in steps: a `Progress` after each batch of tiles, which is where the work may be cancelled.

    Parameters
    ----------
    image : Image or array
    model : str or sequence of str
    mpp : float, optional
        Pixel size in µm; overrides the image's own. Where neither is known, 0.25 is assumed and the result's notes
        say so.
    device : str
        ``"auto"`` (CUDA, else MPS, else CPU) or one of `list_devices`.
    tta : bool
        Average over three views of each model: three times the work.
    thresholds : Thresholds, optional
        The model's own by default.
    keep_maps : bool
        Return the maps, too.
    graph : str, optional
        A graph classifier made for the model (`napari_nucleus.graph.list_graphs`), or ``"default"``: it reads each
        nucleus in its neighbourhood, and its classes take the place of the pixels' votes.

    Returns
    -------
    SegmentResult
        Nuclei and maps at the image's own size, whatever pixel size the model works at.

    Raises
    ------
    NucleusError
        The image, pixel size, model or device can't be used.
    """
    image = image if isinstance(image, Image) else Image((as_rgb(image),))
    image = image.with_mpp(mpp)
    notes = []
    if image.mpp is None:
        image = image.with_mpp(ASSUMED_MPP)
        notes.append(f"The pixel size of {image.name} is not known: {ASSUMED_MPP} µm assumed. Give mpp to correct it.")
    yield Progress(0, 0, "loading the model")
    models = [load_segmenter(name) for name in ([model] if isinstance(model, str) else model)]
    card = _one_kind(models)
    reader = None if graph is None else _graph_of(graph, models)
    predictor = Predictor([m.network for m in models], resolve_device(device), tta=tta)
    classifiers = NucleusClassifiers(models, predictor.device)
    job = _Job(image, predictor, classifiers, card, thresholds or card.thresholds)
    if keep_maps and image.shape[0] * image.shape[1] > _MOST_PIXELS_OF_MAPS:
        keep_maps = False
        notes.append(f"{image.name} has more than {_MOST_PIXELS_OF_MAPS // 1_000_000} megapixels: maps not kept.")
    nuclei, planes = yield from job.run(keep_maps)
    if reader is not None and len(nuclei):
        answered = yield from answer_steps(image, nuclei, models[0], reader, predictor.device)
        nuclei = answered.nuclei(nuclei)
        notes += answered.notes
        if planes is not None:
            put_types(nuclei, planes)
    maps = None if planes is None else planes.maps(nuclei.mpp)
    doubt = None if planes is None else planes.disagreement
    return SegmentResult(nuclei, maps, job.seconds, tuple(notes + predictor.notes), doubt, job.passes)


def _one_kind(models: Sequence[LoadedModel]) -> ModelCard:
    """The card of models that may be averaged."""
    if not models:
        raise NucleusError("Expected a model, got none. Choose one or more of the list.")
    first = models[0].card
    for other in (m.card for m in models[1:]):
        if other.scheme.classes != first.scheme.classes:
            raise NucleusError(
                f"Expected models of one class scheme, got {first.name} ({first.classes}) and {other.name} "
                f"({other.classes}). Choose models of one scheme."
            )
        if other.mpp != first.mpp:
            raise NucleusError(
                f"Expected models of one pixel size, got {first.name} ({first.mpp:g} µm) and {other.name} "
                f"({other.mpp:g} µm). Choose models of one size."
            )
    return first


def _graph_of(name: str, models: Sequence[LoadedModel]) -> LoadedGraph:
    """The graph classifier that goes with a model."""
    if len(models) > 1:
        raise NucleusError(f"Expected one model with a graph, got {len(models)}. Choose one model, or no graph.")
    return load_graph(name, models[0].card.name)


class _Job:
    """One image, block by block: read, network, decode, stitch."""

    def __init__(
        self,
        image: Image,
        predictor: Predictor,
        classifiers: NucleusClassifiers,
        card: ModelCard,
        thresholds: Thresholds,
    ) -> None:
        assert image.mpp is not None
        self.mpp: float = image.mpp
        self.reader = Reader(image, card.mpp)
        self.predictor, self.classifiers = predictor, classifiers
        self.scheme, self.thresholds = card.scheme, thresholds
        self.seconds = {"read": 0.0, "network": 0.0, "decode": 0.0}
        self.passes = predictor.passes + classifiers.passes

    def run(self, keep_maps: bool) -> Generator[Progress, None, tuple[NucleusMap, Planes | None]]:
        parts = self.reader.blocks()
        sizes = [self.reader.size(block) for block in parts]
        total = sum(len(self.predictor.tiles(size)) + self.classifiers.tiles(size) for size in sizes)
        count = _Count(total)
        whole = Canvas(self.reader.image.shape, self.scheme, self.mpp, keep_maps)
        for block in parts:
            with self._timed("read"):
                pixels = self.reader.pixels(block)
            planes = yield from count.through(self._timed_steps(self.predictor.run(pixels)))
            with self._timed("network"):
                planes = planes.resized((block.bottom - block.top, block.right - block.left))
            with self._timed("decode"):
                nuclei = decode(planes.maps(self.mpp), self.scheme, self.thresholds, planes.disagreement)
            nuclei = yield from count.through(self._timed_steps(self.classifiers.run(pixels, nuclei)))
            if keep_maps and self.classifiers.passes:
                put_types(nuclei, planes)
            if len(parts) == 1:
                return nuclei, planes if keep_maps else None
            whole.add(block, nuclei, planes)
        with self._timed("decode"):
            return whole.finish()

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[what] += time.perf_counter() - start

    def _timed_steps(self, steps: Iterator[int | Found]) -> Iterator[int | Found]:
        """The same steps, the time between them counted as the network's."""
        while True:
            with self._timed("network"):
                step = next(steps, None)
            if step is None:
                return
            yield step


class _Count:
    """Tiles that are done, of all there are."""

    def __init__(self, total: int) -> None:
        self.done, self.total = 0, total

    def through(self, steps: Iterator[int | Found]) -> Generator[Progress, None, Found]:
        """Pass steps on as progress: numbers of tiles, and last what they lead to, which is returned."""
        for step in steps:
            if not isinstance(step, int):
                return step
            self.done += step
            yield Progress(self.done, self.total, "segmenting tiles")
        raise AssertionError("the steps led to nothing")
