"""Networks for other programs: ONNX, and PyTorch's own exported programs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from napari_nucleus.core import NucleusError

if TYPE_CHECKING:
    from torch.export import ExportedProgram


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


def export_onnx(network: nn.Module, path: Path, size: int = 256) -> list[str]:
    """Write a network as ONNX: input ``image`` (batch, 3, size, size) float32 in [0, 1], outputs named as its maps.

    Parameters
    ----------
    network : nn.Module
        A dense one of this package.
    path : Path
    size : int
        Side of the image in pixels, which is fixed in the graph; the batch may be of any size.

    Returns
    -------
    list of str
        The outputs.

    Raises
    ------
    NucleusError
        The packages for ONNX are missing, the network can't take that size, or the file can't be written.
    """
    try:
        import onnxscript  # noqa: F401 - the exporter fails late without it
    except ImportError:
        raise NucleusError('Expected onnx and onnxscript, got none. Run: pip install "napari-nucleus[onnx]"') from None
    with torch.inference_mode():
        output = network.eval()(torch.rand(1, 3, size, size))
    names = [name for name, maps in output._asdict().items() if maps is not None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own
        exported: Any = torch.onnx.export(
            export_program(network, size), input_names=["image"], output_names=names, dynamo=True, verbose=False
        )
    part = path.with_suffix(".part")
    try:
        exported.save(str(part))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise NucleusError(f"Expected room and the right to write {path}, got: {error.strerror}.") from None
    return names
