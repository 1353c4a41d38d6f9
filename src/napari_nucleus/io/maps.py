"""Prediction maps as a zarr group."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import zarr
from zarr.codecs import BloscCodec

from napari_nucleus.core import FlowMaps, HoverMaps, NucleusError
from napari_nucleus.io.files import reading, replacing

_KINDS: dict[str, type[HoverMaps] | type[FlowMaps]] = {"hover": HoverMaps, "flow": FlowMaps}
_CHUNK = 512


def write_maps(path: str | os.PathLike[str], maps: HoverMaps | FlowMaps) -> None:
    """Write maps as a zarr group: an array a map, and the attributes ``kind`` ("hover", "flow") and ``mpp``.

    Arrays are float32, compressed without loss, so that nuclei decoded from them later are the same nuclei. Chunks are
    single planes of 512 × 512.

    Raises
    ------
    NucleusError
        The folder can't be written.
    """
    kind = next(name for name, cls in _KINDS.items() if isinstance(maps, cls))
    with replacing(path) as temporary:
        group = zarr.open_group(str(temporary), mode="w", attributes={"kind": kind, "mpp": maps.mpp})
        for name in _planes(maps):
            values = getattr(maps, name)
            if values is None:
                continue
            chunks = (*[1] * (values.ndim - 2), *(min(_CHUNK, n) for n in values.shape[-2:]))
            codec = BloscCodec(cname="zstd", clevel=3, shuffle="shuffle")
            array = group.create_array(name, shape=values.shape, dtype="float32", chunks=chunks, compressors=codec)
            array[...] = values


def read_maps(path: str | os.PathLike[str]) -> HoverMaps | FlowMaps:
    """Read maps that `write_maps` wrote.

    Raises
    ------
    NucleusError
        The folder is missing, broken, or holds something else.
    """
    path = Path(path)
    with reading(path, "map", [".zarr"], folder=True):
        group = zarr.open_group(str(path), mode="r")
        kind = group.attrs.get("kind")
        if kind not in _KINDS:
            raise NucleusError(f"Expected maps of {', '.join(_KINDS)}, got {kind}. Choose a <name>.maps.zarr.")
        cls = _KINDS[str(kind)]
        planes = {name: np.asarray(group[name]) for name in _planes(cls) if name in group}
        return cls(**planes, mpp=float(group.attrs["mpp"]))  # type: ignore[arg-type]


def _planes(maps: HoverMaps | FlowMaps | type[HoverMaps] | type[FlowMaps]) -> list[str]:
    return [field.name for field in fields(maps) if field.name != "mpp"]
