"""The main job: an image to its nuclei."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, HoverMaps, Image, NucleusError, NucleusMap, Progress, drain
from napari_nucleus.inference.device import resolve_device
from napari_nucleus.inference.network import Predictor, resize_maps
from napari_nucleus.inference.result import SegmentResult
from napari_nucleus.inference.tiles import Block, blocks
from napari_nucleus.io import as_rgb
from napari_nucleus.models import load_model
from napari_nucleus.postprocess import decode_hover
from napari_nucleus.postprocess.thresholds import Thresholds

ASSUMED_MPP = 0.25
# Pixels of the model's size that are decoded at once, and a halo that no nucleus reaches across.
_BLOCK = 4096
_HALO = 160
# Beyond this the maps of one image (32 bytes a pixel) would fill a laptop's memory.
_MOST_PIXELS_OF_MAPS = 64_000_000


def segment(image: Any, model: str | Sequence[str] = "default", **options: Any) -> SegmentResult:
    """Segment and classify the nuclei of an image.

    Parameters
    ----------
    image : Image or array
        An `Image` of `read_image`, or any array that `napari_nucleus.io.as_rgb` takes.
    model : str or sequence of str
        A model with weights, or several of one class scheme, whose maps are averaged.
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
        Average over flips: three times the work.
    thresholds : Thresholds, optional
        The model's own by default.
    keep_maps : bool
        Return the maps, too.

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
    names = [model] if isinstance(model, str) else list(model)
    models = [load_model(name) for name in names]
    card = models[0].card
    if any((m.card.classes, m.card.mpp) != (card.classes, card.mpp) for m in models):
        raise NucleusError(
            f"Expected models of one class scheme and pixel size, got {', '.join(names)}. Choose others."
        )
    predictor = Predictor([m.network for m in models], resolve_device(device), tta=tta)
    job = _Job(image, predictor, card.scheme, card.mpp, thresholds or card.thresholds)
    if keep_maps and image.shape[0] * image.shape[1] > _MOST_PIXELS_OF_MAPS:
        keep_maps = False
        notes.append(f"{image.name} has more than {_MOST_PIXELS_OF_MAPS // 1_000_000} megapixels: maps not kept.")
    nuclei, maps = yield from job.run(keep_maps)
    return SegmentResult(nuclei, maps, job.seconds, tuple(notes + predictor.notes))


class _Job:
    """One image, block by block: read, network, decode, stitch."""

    def __init__(
        self, image: Image, predictor: Predictor, scheme: ClassScheme, mpp: float, thresholds: Thresholds
    ) -> None:
        assert image.mpp is not None
        self.image, self.predictor, self.scheme, self.thresholds = image, predictor, scheme, thresholds
        self.mpp: float = image.mpp
        # Differences of 2 % are within what two scanners of one magnification differ.
        zoom = image.mpp / mpp
        self.zoom = 1.0 if abs(zoom - 1) < 0.02 else zoom
        self.seconds = {"read": 0.0, "network": 0.0, "decode": 0.0}

    def run(self, keep_maps: bool) -> Generator[Progress, None, tuple[NucleusMap, HoverMaps | None]]:
        parts = list(blocks(self.image.shape, max(16, int(_BLOCK / self.zoom)), max(16, int(_HALO / self.zoom))))
        total = sum(len(self.predictor.tiles(self._size(b))) for b in parts)
        done = 0
        whole = _Canvas(self.image.shape, self.scheme, self.mpp, keep_maps)
        for block in parts:
            with self._timed("read"):
                pixels = self._pixels(block)
            network = self.predictor.run(pixels)
            while True:
                with self._timed("network"):
                    step = next(network)
                if isinstance(step, HoverMaps):
                    break
                done += step
                yield Progress(done, total, "segmenting tiles")
            with self._timed("network"):
                maps = resize_maps(step, (block.bottom - block.top, block.right - block.left), self.mpp)
            with self._timed("decode"):
                nuclei = self._decode(maps)
            if len(parts) == 1:
                return nuclei, maps if keep_maps else None
            whole.add(block, nuclei, maps)
        with self._timed("decode"):
            return whole.finish()

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[what] += time.perf_counter() - start

    def _size(self, block: Block) -> tuple[int, int]:
        """Height and width of a block at the model's pixel size."""
        height, width = block.bottom - block.top, block.right - block.left
        return max(1, round(height * self.zoom)), max(1, round(width * self.zoom))

    def _pixels(self, block: Block) -> NDArray[np.uint8]:
        height, width = block.bottom - block.top, block.right - block.left
        pixels = np.ascontiguousarray(self.image.region(block.top, block.left, height, width))
        if self.zoom == 1.0:
            return pixels
        how = cv2.INTER_AREA if self.zoom < 1 else cv2.INTER_CUBIC
        return cv2.resize(pixels, self._size(block)[::-1], interpolation=how).astype(np.uint8)

    def _decode(self, maps: HoverMaps) -> NucleusMap:
        return decode_hover(
            maps,
            classes=self.scheme if maps.type_prob is not None else None,
            np_threshold=self.thresholds.np_threshold,
            marker_threshold=self.thresholds.marker_threshold,
            min_area_um2=self.thresholds.min_area_um2,
        )


class _Canvas:
    """The whole image, to which blocks add the nuclei centred in their cores."""

    def __init__(self, shape: tuple[int, int], scheme: ClassScheme, mpp: float, keep_maps: bool) -> None:
        self._labels = np.zeros(shape, np.int32)
        self._rows: list[pd.DataFrame] = []
        self._next = 1
        self._scheme, self._mpp, self._keep = scheme, mpp, keep_maps
        self._maps: HoverMaps | None = None

    def add(self, block: Block, nuclei: NucleusMap, maps: HoverMaps) -> None:
        table = nuclei.table
        y, x = table["y_px"] + block.top - block.y, table["x_px"] + block.left - block.x
        own = table[(y >= 0) & (y < block.height) & (x >= 0) & (x < block.width)]
        rename = np.zeros(int(nuclei.labels.max(initial=0)) + 1, np.int32)
        rename[own["label"]] = np.arange(self._next, self._next + len(own))
        added = rename[nuclei.labels]
        onto = self._labels[block.top : block.bottom, block.left : block.right]
        # A nucleus that a neighbouring block has drawn already, its centre a hair on the other side, isn't drawn twice.
        area = np.bincount(added.ravel(), minlength=self._next + len(own))
        taken = np.bincount(added[onto > 0], minlength=self._next + len(own))
        drawn = taken * 2 < area
        np.copyto(onto, added, where=(onto == 0) & drawn[added] & (added > 0))
        own = own.assign(label=rename[own["label"]])
        self._rows.append(own[drawn[own["label"]]])
        self._next += len(own)
        if self._keep:
            self._keep_maps(block, maps)

    def _keep_maps(self, block: Block, maps: HoverMaps) -> None:
        if self._maps is None:
            shape = self._labels.shape
            kinds = None if maps.type_prob is None else np.zeros((len(maps.type_prob), *shape), np.float32)
            self._maps = HoverMaps(np.zeros(shape, np.float32), np.zeros((2, *shape), np.float32), kinds, mpp=self._mpp)
        y, x = block.y - block.top, block.x - block.left
        for name in ("np_prob", "hv", "type_prob"):
            part, onto = getattr(maps, name), getattr(self._maps, name)
            if part is not None:
                core = part[..., y : y + block.height, x : x + block.width]
                onto[..., block.y : block.y + block.height, block.x : block.x + block.width] = core

    def finish(self) -> tuple[NucleusMap, HoverMaps | None]:
        """Nuclei of the whole image: positions and areas measured anew, classes as the blocks decoded them."""
        rows = pd.concat(self._rows, ignore_index=True)
        numbers = rows["class"].map(self._scheme.number_of)
        class_of = dict(zip(rows["label"], numbers, strict=True))
        nuclei = NucleusMap.from_labels(self._labels, mpp=self._mpp, classes=self._scheme, class_of=class_of)
        known = rows.set_index("label").reindex(nuclei.table["label"])
        for position, name in enumerate(c for c in rows.columns if c.startswith("p_")):
            nuclei.table.insert(6 + position, name, known[name].to_numpy())
        return nuclei, self._maps
