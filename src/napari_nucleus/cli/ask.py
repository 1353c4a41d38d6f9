"""``napari-nucleus ask``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from napari_nucleus.core import Image, NucleusMap


def ask(
    image: Annotated[Path, typer.Argument(help="An image or slide.")],
    words: Annotated[
        str, typer.Argument(help='Such as "small round dark nucleus" or "elongated nucleus near tumour".')
    ],
    nuclei: Annotated[
        Path | None, typer.Option(help="Its nuclei: labels or GeoJSON; segmented by the default model otherwise.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many to print.")] = 10,
    csv: Annotated[Path | None, typer.Option(help="Write the score of every nucleus.")] = None,
    clip: Annotated[
        str, typer.Option(help="What reads words and crops: nucleus_clip, a CLIP of open_clip, or hf-hub:owner/model.")
    ] = "nucleus_clip",
    mpp: Annotated[float | None, typer.Option(help="Pixel size in µm; overrides the file's.")] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
) -> None:
    """Rank the nuclei of an image by how well they answer a question in words."""
    from napari_nucleus import graph
    from napari_nucleus.graph.query import parse
    from napari_nucleus.inference import resolve_device
    from napari_nucleus.io import read_image

    parse(words)  # what would fail at the end fails at once
    place = resolve_device(device)
    encoder = graph.text_encoder(clip, place)
    picture = read_image(image, mpp=mpp)
    found = _nuclei(picture, nuclei, device)
    measured = graph.morphology(found, picture)
    embeddings = graph.image_embeddings(picture, found, clip, place)
    score = graph.ask(words, measured, embeddings, encoder, nuclei=found)
    table = found.table[["label", "y_px", "x_px", "class"]].assign(
        score=score.to_numpy(), description=graph.describe(measured, "rich", position=False)
    )
    table = table.sort_values("score", ascending=False, kind="stable")
    if csv is not None:
        table.to_csv(csv, index=False, lineterminator="\n")
    print(table.head(top).round({"y_px": 1, "x_px": 1, "score": 3}).to_string(index=False))
    print(f"napari-nucleus: {len(table)} nuclei at {found.mpp:g} µm per pixel", file=sys.stderr)


def _nuclei(image: Image, path: Path | None, device: str) -> NucleusMap:
    from napari_nucleus.inference import segment
    from napari_nucleus.io import read_nuclei

    if path is None:
        return segment(image, device=device).nuclei
    return read_nuclei(path, mpp=image.mpp, shape=image.shape)
