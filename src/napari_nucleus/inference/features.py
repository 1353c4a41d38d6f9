"""What a network sees in each nucleus: the mean of its last feature map, for classifiers and graphs."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_nucleus.core import Image, NucleusError, NucleusMap, Progress, drain
from napari_nucleus.inference.device import autocast, resolve_device
from napari_nucleus.inference.network import Predictor
from napari_nucleus.inference.reading import Reader
from napari_nucleus.inference.tiles import Span, Tile
from napari_nucleus.io import as_rgb
from napari_nucleus.models import LoadedModel, load_segmenter


def nucleus_features(
    image: Any, nuclei: NucleusMap, model: str | Sequence[str] = "default", device: str = "auto"
) -> NDArray[np.float32]:
    """Mean of a network's last feature map, the one that its heads read, over each nucleus.

    The image is read tile by tile, as `segment` does it; what a tile gives differs from the whole image's map by no
    more than what it doesn't see.

    Parameters
    ----------
    image : Image or array
        An `Image` of `read_image`, or any array that `napari_nucleus.io.as_rgb` takes, of any size.
    nuclei : NucleusMap
        Of that image. Its ``mpp`` counts where the image has none.
    model : str or sequence of str
        A model with weights that segments, or several: their features stand side by side.
    device : str
        ``"auto"`` or one of `list_devices`.

    Returns
    -------
    (N, C) float32
        A row a nucleus, in the order of ``nuclei.table``; C is the sum of the networks' channels.

    Raises
    ------
    NucleusError
        Image and nuclei differ in size, or the model or device can't be used.

    Notes
    -----
    "RoI pooling" over a nucleus's very pixels instead of its box (Guan et al. 2025, node features).
    """
    models = [load_segmenter(name) for name in ([model] if isinstance(model, str) else model)]
    if not models:
        raise NucleusError("Expected a model, got none. Choose one or more of the list.")
    return model_features(image, nuclei, models, resolve_device(device))


def model_features(
    image: Any, nuclei: NucleusMap, models: Sequence[LoadedModel], device: str = "cpu"
) -> NDArray[np.float32]:
    """As `nucleus_features`, of models that are loaded."""
    return drain(feature_steps(image, nuclei, models, device))


def feature_steps(
    image: Any, nuclei: NucleusMap, models: Sequence[LoadedModel], device: str = "cpu"
) -> Generator[Progress, None, NDArray[np.float32]]:
    """The same in steps: a `Progress` after each batch of tiles."""
    image = image if isinstance(image, Image) else Image((as_rgb(image),))
    image = image if image.mpp is not None else image.with_mpp(nuclei.mpp)
    if image.shape != nuclei.labels.shape:
        raise NucleusError(
            f"Expected nuclei of an image of {image.shape} pixels, got labels of {nuclei.labels.shape}. Give those of "
            "this image."
        )
    ids = nuclei.table["label"].to_numpy(np.int64)
    parts = []
    for model in models:
        reader, predictor = Reader(image, model.card.mpp), Predictor([model.network], device)
        parts.append((yield from _of_image(reader, nuclei.labels, ids, predictor)))
    return np.concatenate(parts, 1)


def _of_image(
    reader: Reader, labels: NDArray[np.int32], ids: NDArray[np.int64], predictor: Predictor
) -> Generator[Progress, None, NDArray[np.float32]]:
    """Features of one network, (N, C)."""
    total: NDArray[np.float64] | float = 0.0
    done, tiles = 0, sum(len(predictor.tiles(reader.size(block))) for block in reader.blocks())
    for block in reader.blocks():
        own = np.zeros((block.bottom - block.top, block.right - block.left), np.int32)
        top, left = block.y - block.top, block.x - block.left
        core = labels[block.y : block.y + block.height, block.x : block.x + block.width]
        own[top : top + block.height, left : left + block.width] = core
        if core.any() or len(ids) == 0:
            for step in feature_sums(predictor, reader.pixels(block), own, ids):
                if not isinstance(step, int):
                    total = total + step
                    break
                done += step
                yield Progress(done, tiles, "looking at the nuclei")
        if len(ids) == 0:  # one tile tells how many features there are
            break
    return means(np.asarray(total), labels, ids)


def means(sums: NDArray[np.float64], labels: NDArray[np.int32], ids: NDArray[np.int64]) -> NDArray[np.float32]:
    """Sums over the pixels of nuclei (N, C), divided by how many pixels each nucleus has."""
    order = np.argsort(ids)
    inside = labels[labels > 0]
    pixels = np.zeros(len(ids))
    pixels[order] = np.bincount(np.searchsorted(ids[order], inside), minlength=len(ids))
    return (sums / np.maximum(pixels, 1)[:, None]).astype(np.float32)


def feature_sums(
    predictor: Predictor, pixels: NDArray[np.uint8], labels: NDArray[np.int32], ids: NDArray[np.int64]
) -> Iterator[int | NDArray[np.float64]]:
    """Sum of each network's last feature map over the pixels of each nucleus.

    Yields the number of tiles done after each batch, and last the sums: ``*_, sums = feature_sums(…)``.

    Parameters
    ----------
    predictor : Predictor
    pixels : (h, w, 3) uint8
        The image at the networks' pixel size.
    labels : (H, W) int32
        At any pixel size.
    ids : (N,) int64
        The labels, in the order of the answer.

    Yields
    ------
    int or (N, C) float64
        Networks side by side.
    """
    order = np.argsort(ids)
    sums: NDArray[np.float64] | None = None
    for tiles, maps in predictor.ask(pixels, lambda image: _feature_maps(predictor, image)):
        if sums is None:
            sums = np.zeros((len(ids), sum(m.shape[1] for m in maps)))
        for i, tile in enumerate(tiles):
            found = _inside(tile, labels, (pixels.shape[0], pixels.shape[1]))
            if len(found.label):
                owner = order[np.searchsorted(ids[order], found.label)]
                sums += np.concatenate([_summed(m[i], found, owner, len(ids)) for m in maps], 1)
        yield len(tiles)
    assert sums is not None
    yield sums


@torch.inference_mode()
def _feature_maps(predictor: Predictor, image: Tensor) -> list[Tensor]:
    """Of each network, (B, C, h, w)."""
    with autocast(predictor.device):
        return [feature_map(network, image) for network in predictor.networks]


def feature_map(network: nn.Module, image: Tensor) -> Tensor:
    """The last feature map of a dense network, (B, C, h, w), for a batch (B, 3, H, W) in [0, 1]."""
    features: Tensor = network.features(image)  # type: ignore[operator]
    return features


class _Inside(NamedTuple):
    """Pixels of nuclei under the kept part of a tile: label, and place in the tile as a share of its sides."""

    label: NDArray[np.int32]
    y: NDArray[np.float64]
    x: NDArray[np.float64]


def _inside(tile: Tile, labels: NDArray[np.int32], shape: tuple[int, int]) -> _Inside:
    """Of labels at any pixel size, where the tile's image has ``shape``."""
    rows, columns = (
        _under(span, length, pixels) for span, length, pixels in zip((tile.y, tile.x), labels.shape, shape, strict=True)
    )
    part = labels[rows.start : rows.stop, columns.start : columns.stop]
    y, x = np.nonzero(part)
    place_y = ((y + rows.start + 0.5) * shape[0] / labels.shape[0] - tile.y.start) / tile.y.size
    place_x = ((x + columns.start + 0.5) * shape[1] / labels.shape[1] - tile.x.start) / tile.x.size
    return _Inside(part[y, x], place_y, place_x)


def _under(span: Span, length: int, pixels: int) -> range:
    """Of ``length`` labels along an axis that ``pixels`` of the image lie on, those centred in a span's kept part."""
    first, end = (int(np.ceil(edge * length / pixels - 0.5)) for edge in (span.first, span.end))
    return range(max(0, first), min(length, end))


def _summed(features: Tensor, found: _Inside, owner: NDArray[np.int64], n_nuclei: int) -> NDArray[np.float64]:
    """Sums of one tile's map (C, h, w) over nuclei, (N, C)."""
    channels, height, width = features.shape
    cell = (found.y * height).astype(np.int64) * width + (found.x * width).astype(np.int64)
    seen = features.flatten(1)[:, torch.from_numpy(cell).to(features.device)].float()
    sums = seen.new_zeros(channels, n_nuclei)
    sums.index_add_(1, torch.from_numpy(owner).to(features.device), seen)
    return sums.T.cpu().numpy().astype(np.float64)
