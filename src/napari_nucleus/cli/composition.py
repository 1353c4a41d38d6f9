"""``napari-nucleus composition``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

    from napari_nucleus.core import NucleusMap
    from napari_nucleus.evaluation.composition import Regions

_OUTLINES = (".geojson", ".json")
_LABELS = (".labels.tif", ".tif", ".tiff", ".png", ".npy", ".npz")


def composition(
    nuclei: Annotated[
        list[Path], typer.Argument(metavar="NUCLEI...", help="Labels, GeoJSON, folders of them, or a fold of PanNuke.")
    ],
    regions: Annotated[
        Path | None,
        typer.Option(help="Regions of the image: GeoJSON or labels; a folder of <stem>.geojson for several images."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write the table, densities and fractions of all classes too.")
    ] = None,
    mpp: Annotated[float | None, typer.Option(help="Pixel size in µm; overrides the files'.")] = None,
    classes: Annotated[str | None, typer.Option(help="What class numbers mean: consep, pannuke, …")] = None,
) -> None:
    """Count nuclei by class, image and region: densities per mm², tumour burden and TIL fraction."""
    from napari_nucleus.evaluation.composition import compositions, write_composition

    sizes: set[float] = set()
    table = compositions(_images(nuclei, regions, classes, mpp, sizes))
    print(_screen(table))
    print(f"napari-nucleus: pixel size {', '.join(f'{size:g}' for size in sorted(sizes))} µm", file=sys.stderr)
    if csv is not None:
        write_composition(csv, table)


def _images(
    paths: list[Path], regions: Path | None, classes: str | None, mpp: float | None, sizes: set[float]
) -> Iterator[tuple[str, NucleusMap, Regions | None]]:
    """Name, nuclei and regions of each image, read one by one; their pixel sizes go into ``sizes``."""
    from napari_nucleus.core import NucleusError
    from napari_nucleus.evaluation.sources import open_source

    sources = [open_source(path, classes, mpp) for path in paths]
    several = sum(len(source.names) for source in sources) > 1
    if several and regions is not None and not regions.is_dir():
        raise NucleusError(
            f"Expected a folder with the regions of each image, got one file: {regions}. "
            "Name the files in it like the images, or give one image."
        )
    for source in sources:
        for name in source.names:
            picture = None if source.states_size(name) else source.image(name)
            nuclei = source.nuclei(name, None if picture is None else picture.shape[:2])
            sizes.add(nuclei.mpp)
            yield name, nuclei, _regions(regions, name)


def _regions(place: Path | None, name: str) -> Regions | None:
    """Regions of an image; None where the folder has no file for it, which is said."""
    from napari_nucleus.io import read_labels, read_regions

    if place is not None and place.is_dir():
        folder, suffixes = place, (*_OUTLINES, *_LABELS)
        place = next((folder / (name + suffix) for suffix in suffixes if (folder / (name + suffix)).is_file()), None)
        if place is None:
            print(f"napari-nucleus: no regions of {name} in {folder}", file=sys.stderr)
    if place is None:
        return None
    return read_regions(place) if place.suffix.lower() in _OUTLINES else read_labels(place)[0]


def _screen(table: pd.DataFrame) -> str:
    """Counts and the three headline fractions, as text."""
    from napari_nucleus.evaluation.composition import WHOLE

    shown = table[["image"] if table["region"].eq(WHOLE).all() else ["image", "region"]].copy()
    shown["mm²"] = [f"{area:.4g}" for area in table["area_mm2"]]
    shown["nuclei"] = [f"{n:,}" for n in table["nuclei"]]
    shown["per mm²"] = [f"{n:,.0f}" if n == n else "–" for n in table["per_mm2"]]  # nan is not itself
    for column in table.columns[table.columns.str.startswith("n_")]:
        shown[column[2:]] = [f"{n:,}" for n in table[column]]
    for column, title in (("tumor_burden", "tumour burden"), ("til_fraction", "TIL fraction"), ("etils", "eTILs")):
        shown[title] = [f"{100 * share:.1f} %" if share == share else "–" for share in table[column]]
    return shown.to_string(index=False)
