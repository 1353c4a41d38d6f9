"""Networks over tiles: images in, averaged maps out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_nucleus.core import NucleusError
from napari_nucleus.inference.device import autocast
from napari_nucleus.inference.planes import Layout, Planes, entropy, planes_of
from napari_nucleus.inference.tiles import Tile, tile_grid
from napari_nucleus.models.memory_format import channels_last

Answer = TypeVar("Answer")

# On a CPU one large tile wastes the least on rims; a GPU is filled by a batch of them.
_CORE_ON_CPU = 1024
_CORE_ON_GPU = 512
_BATCH_ON_GPU = 16
# Beyond this, what a tile doesn't see changes its answer by less than 0.02.
_MARGIN = 96


class Predictor:
    """One or more networks on a device, asked as one: Zhang et al.'s two-level ensemble (§3.2).

    The answer is the mean over each network's views, then over the networks. From the same passes comes how far their
    types differ, pixel by pixel: the entropy of the mean less the mean of the entropies (Jensen–Shannon divergence).

    Parameters
    ----------
    networks : sequence of nn.Module
        Of one class scheme, giving the same kind of maps. ``size_multiple`` of a network is what a tile's sides have to
        be multiples of; ``tile_core``, where it has one, the most pixels of a tile that are kept.
    device : str
    tta : bool
        Three views: as it is, flipped left to right (negating H alone), flipped top to bottom (negating V alone).
    """

    def __init__(self, networks: Sequence[nn.Module], device: str, *, tta: bool = False) -> None:
        self.device = device
        self.tta = tta
        on_cpu = torch.device(device).type == "cpu"
        self.batch, core = (1, _CORE_ON_CPU) if on_cpu else (_BATCH_ON_GPU, _CORE_ON_GPU)
        self.core = min([core, *(int(getattr(n, "tile_core", core)) for n in networks)])
        self.notes: list[str] = []
        self.networks = [channels_last(n.eval().to(device)) for n in networks]
        self._multiple = int(np.lcm.reduce([int(getattr(n, "size_multiple", 16)) for n in networks]))

    @property
    def passes(self) -> int:
        """How often a tile goes through a network."""
        return len(self.networks) * (3 if self.tta else 1)

    def tiles(self, shape: tuple[int, int]) -> list[Tile]:
        """The tiles that an image of (H, W) pixels needs."""
        core, margin = (-(-pixels // self._multiple) * self._multiple for pixels in (self.core, _MARGIN))
        return tile_grid(shape, core, margin, self._multiple)

    def run(self, image: NDArray[np.uint8]) -> Iterator[int | Planes]:
        """Maps of an image (H, W, 3) at the networks' pixel size.

        Yields the number of tiles done after each batch, and last the maps: ``*_, planes = predictor.run(image)``.

        Raises
        ------
        NucleusError
            The networks give different maps, or there is no room for one tile.
        """
        planes: Planes | None = None
        for tiles, (layout, answer) in self.ask(image, self._average):
            values = answer.cpu().numpy()
            if planes is None:
                planes = Planes(layout, np.empty((values.shape[1], *image.shape[:2]), np.float32))
            for tile, value in zip(tiles, values, strict=True):
                tile.paste(value, planes.values)
            yield len(tiles)
        assert planes is not None
        yield planes

    def ask(
        self, image: NDArray[np.uint8], question: Callable[[Tensor], Answer]
    ) -> Iterator[tuple[list[Tile], Answer]]:
        """Ask a question of each batch of tiles of an image (H, W, 3); yields the tiles with the answer.

        Parameters
        ----------
        image : (H, W, 3) uint8
            At the networks' pixel size.
        question : callable
            Takes tiles (B, 3, side, side) float32 in [0, 1] on the device.

        Raises
        ------
        NucleusError
            There is no room for one tile.
        """
        waiting = self.tiles((image.shape[0], image.shape[1]))
        while waiting:
            batch = waiting[: self.batch]
            try:
                answer = question(self._tensor(np.stack([tile.cut(image) for tile in batch])))
            except torch.OutOfMemoryError:
                self._halve()
                continue
            waiting = waiting[len(batch) :]
            yield batch, answer

    def _tensor(self, tiles: NDArray[np.uint8]) -> Tensor:
        image = torch.from_numpy(tiles).to(self.device).movedim(-1, 1).float().div_(255)
        return image.contiguous(memory_format=torch.channels_last)

    def _halve(self) -> None:
        torch.cuda.empty_cache()
        if self.batch == 1:
            raise NucleusError(
                f"Expected room for one tile on {self.device}, got out of memory. Close other programs or use the CPU."
            ) from None
        self.batch //= 2
        self.notes.append(f"{self.device} ran out of memory: the batch was halved to {self.batch} tiles.")

    @torch.inference_mode()
    def _average(self, image: Tensor) -> tuple[Layout, Tensor]:
        layout: Layout | None = None
        total: Tensor | None = None
        doubt: Tensor | float = 0.0
        for network in self.networks:
            for own, planes in self._views(network, image):
                layout = own if layout is None else layout
                _check_same(layout, own)
                if self.passes > 1 and own.n_types:
                    doubt = doubt + entropy(planes[:, own.types])
                total = planes if total is None else total.add_(planes)
        assert layout is not None
        assert total is not None
        mean = total.div_(self.passes)
        if self.passes == 1 or not layout.n_types:
            return layout, mean
        apart = (entropy(mean[:, layout.types]) - doubt / self.passes).clamp_(0, 1)
        return replace(layout, disagreement=True), torch.cat([mean, apart], 1)

    def _views(self, network: nn.Module, image: Tensor) -> Iterator[tuple[Layout, Tensor]]:
        """A network's answers to each view, turned back."""
        for axis in (None, -1, -2) if self.tta else (None,):
            with autocast(self.device):
                output = network(image if axis is None else image.flip(axis))
            layout, planes = planes_of(output)
            if axis is not None:
                planes = planes.flip(axis)
                planes[:, layout.x_plane if axis == -1 else layout.y_plane] *= -1
            yield layout, planes


def _check_same(layout: Layout, other: Layout) -> None:
    if layout != other:
        raise NucleusError(
            f"Expected models that give the same maps, got {layout.name} with {layout.n_types} types and {other.name} "
            f"with {other.n_types}. Their mean means nothing: choose models of one kind."
        )
