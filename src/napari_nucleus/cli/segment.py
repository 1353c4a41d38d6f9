"""``napari-nucleus segment``."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_nucleus.cli.progress import follow

if TYPE_CHECKING:
    from napari_nucleus.core import Image
    from napari_nucleus.inference import SegmentResult


def segment(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Images or slides.")],
    out: Annotated[Path, typer.Option(help="Folder for the results; made where it is missing.")],
    model: Annotated[str, typer.Option(help="A model, or several separated by commas (their mean).")] = "default",
    mpp: Annotated[float | None, typer.Option(help="Pixel size in µm; overrides the file's.")] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    tta: Annotated[bool, typer.Option("--tta", help="Average over flips: three times the work.")] = False,
    graph: Annotated[
        bool, typer.Option("--graph", help="Read each nucleus in its neighbourhood: classes from the graph.")
    ] = False,
    maps: Annotated[bool, typer.Option("--maps", help="Write the NP, HV and type maps, too (zarr).")] = False,
    formats: Annotated[
        str, typer.Option("--format", help="What to write, separated by commas.")
    ] = "labels,csv,geojson,overlay",
) -> None:
    """Segment and classify the nuclei of images; writes <stem>.labels.tif, .nuclei.csv, .geojson and .overlay.png."""
    from napari_nucleus.core import NucleusError, check_mpp
    from napari_nucleus.inference import resolve_device
    from napari_nucleus.io import check_formats
    from napari_nucleus.models import load_segmenter

    # What would fail for every image fails before the first.
    chosen = check_formats(formats.split(","))
    _check_names(images)
    names = model.split(",")
    for name in names:
        load_segmenter(name)
    resolve_device(device)
    if mpp is not None:
        check_mpp(mpp)
    _make_folder(out)

    options = {"model": names, "device": device, "tta": tta, "graph": "default" if graph else None}
    failed = 0
    for path in images:
        try:
            _one(path, out, chosen, maps, options, mpp)
        except NucleusError as error:
            failed += 1
            print(f"napari-nucleus: {error}", file=sys.stderr)
    if failed:
        raise typer.Exit(1)


def _check_names(images: list[Path]) -> None:
    """Two images of one name would overwrite each other's results."""
    from napari_nucleus.core import NucleusError

    seen: dict[str, Path] = {}
    for path in images:
        name = path.stem.removesuffix(".ome")
        if name in seen:
            raise NucleusError(
                f"Expected images of different names, got {seen[name]} and {path}. Segment them into two folders."
            )
        seen[name] = path


def _make_folder(folder: Path) -> None:
    from napari_nucleus.core import NucleusError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NucleusError(f"Expected a folder that can be made at {folder}, got: {error.strerror}.") from None


def _one(path: Path, out: Path, formats: tuple[str, ...], keep_maps: bool, options: dict, mpp: float | None) -> None:
    from napari_nucleus.inference import segment_steps
    from napari_nucleus.io import read_image, write_maps, write_results

    start = time.perf_counter()
    image = read_image(path, mpp=mpp)
    reading = time.perf_counter() - start
    result = follow(path.name, segment_steps(image, keep_maps=keep_maps, **options))
    start = time.perf_counter()
    write_results(out, image.name, result.nuclei, image.array, formats)
    if keep_maps and result.maps is not None:
        write_maps(out / f"{image.name}.maps.zarr", result.maps)
    seconds = result.seconds | {"write": time.perf_counter() - start}
    seconds["read"] += reading
    _report(path, image, result, seconds)


def _report(path: Path, image: Image, result: SegmentResult, seconds: dict[str, float]) -> None:
    for note in result.notes:
        print(f"napari-nucleus: {note}", file=sys.stderr)
    height, width = image.shape
    counts = ", ".join(f"{name} {count}" for name, count in result.nuclei.counts().items())
    spent = ", ".join(f"{what} {value:.2f}" for what, value in seconds.items())
    print(f"{path.name}: {width}×{height} px at {result.nuclei.mpp:g} µm, {len(result.nuclei)} nuclei ({counts})")
    passes = f", {result.passes} passes of the network" if result.passes > 1 else ""
    speed = sum(seconds.values()) / (height * width / 1e6)
    print(f"  {sum(seconds.values()):.2f} s ({spent}), {speed:.2f} s/megapixel{passes}")
