"""HoVer-Net's public checkpoints: the ``.tar`` files that its authors publish for CoNSeP, PanNuke, MoNuSAC and others.

Such a file is a pickled dict whose ``desc`` is a state dict. It is read without running anything that is in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from napari_nucleus.core import SCHEMES, ClassScheme, NucleusError, scheme
from napari_nucleus.models.hovernet import HoverNet

PUBLIC_ORDERS = {
    "consep": ("other", "inflammatory", "epithelial", "spindle-shaped"),
    "pannuke": ("neoplastic", "inflammatory", "connective", "dead", "epithelial"),
    "monusac": ("epithelial", "lymphocyte", "macrophage", "neutrophil"),
}
"""Class names in the order in which the published networks give them; MoNuSAC's is not that of our scheme."""

# The published networks with types differ in mode and number of classes.
_INFERRED = {("original", 4): "consep", ("fast", 5): "pannuke", ("fast", 4): "monusac"}

# Applied in this order.
_NAMES = (
    (r"^module\.", ""),
    (r"^conv0\./\.", "stem."),
    (r"^conv0\.bn\.", "stem_bn."),
    (r"^conv_bot\.", "bottom."),
    (r"^decoder\.tp\.", "type_decoder."),
    (r"^decoder\.(np|hv)\.", r"\1_decoder."),
    (r"\.u1\.conva\.", ".u1."),
    (r"\.u0\.bn\.", ".bn."),
    (r"\.u0\.conv\.", ".head."),
    (r"\.preact(_bna)?/bn\.", ".before."),
    (r"\.conv(\d)/bn\.", r".bn\1."),
    (r"\.blk_bna\.bn\.", ".after."),
)
_UNUSED = re.compile(r"^upsample2x\.")


@dataclass(frozen=True, slots=True)
class PublicCheckpoint:
    """A published network, ready to be kept as one of ours.

    Attributes
    ----------
    network : HoverNet
        In evaluation mode, its classes in the order of ``scheme``.
    mode : str
        ``original`` or ``fast``.
    scheme : ClassScheme or None
        None for a network without types.
    """

    network: HoverNet
    mode: str
    scheme: ClassScheme | None


def load_public_hovernet(path: Path, classes: str | ClassScheme | Sequence[str] | None = None) -> PublicCheckpoint:
    """Load a published HoVer-Net; mode and number of classes follow from the shapes of its weights.

    Parameters
    ----------
    path : Path
    classes : str, ClassScheme, sequence of str or None
        The data set that it was trained on (one of `PUBLIC_ORDERS`), a scheme in whose order its outputs are, or its
        class names in the order of its outputs, without background. None where mode and number of classes tell the
        data set.

    Raises
    ------
    NucleusError
        The file is no such checkpoint or holds more than weights, or its classes aren't known.
    """
    state = _our_names(_read(path))
    try:
        mode = {5: "original", 3: "fast"}[state["np_decoder.u1.weight"].shape[-1]]
        types = "type_decoder.head.weight" in state
        n_classes = len(state["type_decoder.head.weight"]) - 1 if types else 0
        with torch.device("meta"):  # nothing is made room for before the shapes have been compared
            network = HoverNet(n_classes, mode=mode, types=types, width=len(state["stem.weight"]))
        network.load_state_dict(state, assign=True)
    except (KeyError, IndexError, RuntimeError, TypeError, ValueError, ZeroDivisionError) as error:
        first = str(error).splitlines()[0]
        raise _not_one(path, f"weights of another network ({first})") from None
    target = None
    if types:
        names = _classes(mode, n_classes, classes)
        target = _scheme_of(names, n_classes, classes)
        _reorder(network, names, target)
    return PublicCheckpoint(network.eval().requires_grad_(False), mode, target)


def _read(path: Path) -> Mapping[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise _not_one(path, "no file") from None
    except Exception:  # a broken or hostile pickle can end in nearly any error
        raise _not_one(path, "something that isn't made of weights alone") from None
    state = content.get("desc") if isinstance(content, dict) else None
    if not isinstance(state, dict) or not all(isinstance(t, Tensor) for t in state.values()):
        raise _not_one(path, "a file without the key 'desc'")
    return state


def _our_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    named = {}
    for name, tensor in state.items():
        for pattern, replacement in _NAMES:
            name = re.sub(pattern, replacement, str(name))
        if not _UNUSED.match(name):
            named[name] = tensor.float() if tensor.is_floating_point() else tensor
    return named


def _reorder(network: HoverNet, names: Sequence[str], target: ClassScheme) -> None:
    """Put the type decoder's outputs into the order of a scheme, by name."""
    order = torch.tensor([0, *(names.index(name) + 1 for name in target.classes)])
    assert network.type_decoder is not None
    head = network.type_decoder.head
    assert head.bias is not None
    with torch.no_grad():
        head.weight.copy_(head.weight[order])
        head.bias.copy_(head.bias[order])


def _classes(mode: str, n_classes: int, classes: str | ClassScheme | Sequence[str] | None) -> tuple[str, ...]:
    """Class names in the file's order."""
    if classes is None:
        classes = _INFERRED.get((mode, n_classes), ())
    if isinstance(classes, str):
        classes = PUBLIC_ORDERS.get(classes) or scheme(classes)
    return classes.classes if isinstance(classes, ClassScheme) else tuple(classes)


def _scheme_of(names: Sequence[str], n_classes: int, classes: str | ClassScheme | Sequence[str] | None) -> ClassScheme:
    """The scheme with these classes, whatever their order."""
    candidates = [classes] if isinstance(classes, ClassScheme) else SCHEMES.values()
    for candidate in candidates:
        if len(names) == n_classes and sorted(names) == sorted(candidate.classes):
            return candidate
    known = "; ".join(f"{name}: {', '.join(order)}" for name, order in PUBLIC_ORDERS.items())
    raise NucleusError(
        f"Expected the names of the checkpoint's {n_classes} classes, got {', '.join(names) or 'none'}. Give the data "
        f"set, or the names in the file's order, such as {known}."
    )


def _not_one(path: Path, got: str) -> NucleusError:
    return NucleusError(f"Expected a public HoVer-Net checkpoint in {path}, got {got}. Download it again.")
