"""Networks over tiles: images in, averaged HoVer maps out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_nucleus.core import HoverMaps, NucleusError
from napari_nucleus.inference.device import autocast
from napari_nucleus.inference.tiles import Tile, tile_grid

# On a CPU one large tile wastes the least on rims; a GPU is filled by a batch of them.
_CORE_ON_CPU = 1024
_CORE_ON_GPU = 512
_BATCH_ON_GPU = 16
# Beyond this, what a tile doesn't see changes its answer by less than 0.02.
_MARGIN = 96


class Predictor:
    """One or more networks on a device, asked as one.

    Parameters
    ----------
    networks : sequence of nn.Module
        Of one class scheme; their maps are averaged.
    device : str
    tta : bool
        Average over three views: as it is, flipped left to right (negating H), flipped top to bottom (negating V), as
        Zhang et al. §3.2 do.
    """

    def __init__(self, networks: Sequence[nn.Module], device: str, *, tta: bool = False) -> None:
        self.device = device
        self.tta = tta
        on_cpu = torch.device(device).type == "cpu"
        self.batch, self.core = (1, _CORE_ON_CPU) if on_cpu else (_BATCH_ON_GPU, _CORE_ON_GPU)
        self.notes: list[str] = []
        self._networks = [n.eval().to(device).to(memory_format=torch.channels_last) for n in networks]
        self._multiple = max(int(getattr(n, "size_multiple", 16)) for n in networks)

    def tiles(self, shape: tuple[int, int]) -> list[Tile]:
        """The tiles that an image of (H, W) pixels needs."""
        return tile_grid(shape, self.core, _MARGIN, self._multiple)

    def run(self, image: NDArray[np.uint8]) -> Iterator[int | HoverMaps]:
        """Maps of an image (H, W, 3) at the networks' pixel size.

        Yields the number of tiles done after each batch, and last the maps: ``*_, maps = predictor.run(image)``.
        """
        shape = image.shape[:2]
        maps: NDArray[np.float32] | None = None
        waiting = self.tiles((shape[0], shape[1]))
        while waiting:
            batch = waiting[: self.batch]
            values = self._predict(np.stack([tile.cut(image) for tile in batch]))
            if values is None:
                continue
            if maps is None:
                maps = np.empty((values.shape[1], *shape), np.float32)
            for tile, value in zip(batch, values, strict=True):
                tile.paste(value, maps)
            waiting = waiting[len(batch) :]
            yield len(batch)
        assert maps is not None
        yield HoverMaps(maps[0], maps[1:3], maps[3:] if len(maps) > 3 else None)

    def _predict(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Stacked maps (B, 1 + 2 + 1 + C, side, side); None where the batch was too large and has been halved."""
        try:
            image = torch.from_numpy(tiles).to(self.device).movedim(-1, 1).float().div_(255)
            return self._average(image.contiguous(memory_format=torch.channels_last)).cpu().numpy()
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            if self.batch == 1:
                raise NucleusError(
                    f"Expected room for one tile on {self.device}, got out of memory. Close other programs or use "
                    "the CPU."
                ) from None
            self.batch //= 2
            self.notes.append(f"{self.device} ran out of memory: the batch was halved to {self.batch} tiles.")
            return None

    @torch.inference_mode()
    def _average(self, image: Tensor) -> Tensor:
        views: list[tuple[Tensor, tuple[int, ...], tuple[int, ...]]] = [(image, (), ())]
        if self.tta:
            # NP is channel 0, H 1, V 2: a flip along x negates H, one along y negates V.
            views += [(image.flip(-1), (-1,), (1,)), (image.flip(-2), (-2,), (2,))]
        total: Tensor | None = None
        for network in self._networks:
            for view, axes, negated in views:
                maps = _probabilities(network, view, self.device).flip(axes)
                maps[:, list(negated)] *= -1
                total = maps if total is None else total.add_(maps)
        assert total is not None
        return total.div_(len(self._networks) * len(views))


def _probabilities(network: nn.Module, image: Tensor, device: str) -> Tensor:
    with autocast(device):
        output = network(image)
    maps = [output.np_logit.float().sigmoid(), output.hv.float().clamp(-1, 1)]
    if output.type_logit is not None:
        maps.append(output.type_logit.float().softmax(1))
    return torch.cat(maps, 1)


def resize_maps(maps: HoverMaps, shape: tuple[int, int], mpp: float) -> HoverMaps:
    """Maps at another size, (H, W), and its pixel size in µm."""

    def resized(planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([cv2.resize(p, shape[::-1], interpolation=cv2.INTER_LINEAR) for p in planes])

    if maps.shape == shape:
        return HoverMaps(maps.np_prob, maps.hv, maps.type_prob, mpp=mpp)
    kinds = None if maps.type_prob is None else resized(maps.type_prob)
    return HoverMaps(resized(maps.np_prob[None])[0], resized(maps.hv), kinds, mpp=mpp)
