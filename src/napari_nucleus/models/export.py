"""Networks for other programs: ONNX, and PyTorch's own exported programs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from napari_nucleus.core import NucleusError

if TYPE_CHECKING:
    from torch.export import ExportedProgram

_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class OnnxFile:
    """What was written.

    Attributes
    ----------
    outputs : tuple of str
        Names of the maps.
    difference : float or None
        Largest difference from the network's own maps when ONNX Runtime runs the file, as a share of a map's largest
        value; None where ONNX Runtime is missing.
    """

    outputs: tuple[str, ...]
    difference: float | None


class _Named(nn.Module):
    """Answers with a plain tuple: an exported graph has no named ones, and no empty places."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(maps for maps in self.network(image) if maps is not None)


def export_program(network: nn.Module, size: int = 256) -> ExportedProgram:
    """A network as PyTorch's `torch.export` keeps it, for images (B, 3, size, size) in [0, 1].

    Parameters
    ----------
    network : nn.Module
        A dense one of this package; its maps come as a tuple, in the order of its output.
    size : int
        Side of the image in pixels, which is fixed in the graph; the batch may be of any size.
    """
    batch = torch.export.Dim("batch", min=1)
    image = torch.rand(2, 3, size, size)
    return torch.export.export(_Named(network.eval()), (image,), dynamic_shapes=({0: batch},))


def export_onnx(network: nn.Module, path: Path, size: int = 256) -> OnnxFile:
    """Write a network as ONNX: input ``image`` (batch, 3, size, size) float32 in [0, 1], outputs named as its maps.

    The file appears only when it is whole and, where ONNX Runtime is installed, gives the network's own maps. Weights
    beyond 2 GB lie in a second file beside it, ``<name>.data``.

    Parameters
    ----------
    network : nn.Module
        A dense one of this package.
    path : Path
    size : int
        Side of the image in pixels, which is fixed in the graph; the batch may be of any size.

    Raises
    ------
    NucleusError
        The packages for ONNX are missing, the network can't take that size, ONNX Runtime gives other maps, or the file
        can't be written.
    """
    if not (find_spec("onnx") and find_spec("onnxscript")):
        raise NucleusError('Expected onnx and onnxscript, got none. Run: pip install "napari-nucleus[onnx]"')
    if not path.parent.is_dir():
        raise NucleusError(f"Expected a folder to write into, got no such folder: {path.parent}. Make it first.")
    image = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        output = network.eval()(image)._asdict()
    maps = {name: values for name, values in output.items() if values is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own
        exported: Any = torch.onnx.export(
            export_program(network, size), input_names=["image"], output_names=list(maps), dynamo=True, verbose=False
        )
    try:
        with TemporaryDirectory(dir=path.parent, prefix=".") as folder:
            part = Path(folder) / path.name
            exported.save(str(part))
            difference = _difference(part, image, maps) if find_spec("onnxruntime") else None
            for file in sorted(part.parent.iterdir()):
                file.replace(path.parent / file.name)
    except OSError as error:
        raise NucleusError(f"Expected room and the right to write {path}, got: {error.strerror}.") from None
    return OnnxFile(tuple(maps), difference)


def _difference(file: Path, image: Tensor, maps: dict[str, Tensor]) -> float:
    """Largest difference of ONNX Runtime's maps from the network's own, as a share of a map's largest value."""
    from onnxruntime import InferenceSession

    found = InferenceSession(str(file), providers=["CPUExecutionProvider"]).run(list(maps), {"image": image.numpy()})
    differences = {
        name: ((own - torch.from_numpy(theirs)).abs().max() / own.abs().max()).item()
        for (name, own), theirs in zip(maps.items(), found, strict=True)
    }
    for name, difference in differences.items():
        if not difference <= _TOLERANCE:  # nor if it is no number
            raise NucleusError(
                f"Expected {name} as the network gives it, got a difference of {difference:.2g} from ONNX Runtime. "
                "Nothing was written: try other versions of onnx and onnxscript."
            )
    return max(differences.values())
