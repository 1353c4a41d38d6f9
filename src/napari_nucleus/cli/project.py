"""``napari-nucleus project``: annotation projects without a window."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from napari_nucleus.project import ImageEntry, Project

project = typer.Typer(help="Annotation projects: images, nuclei, and the journal of corrections.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The project's folder.")]
OfImage = Annotated[str, typer.Option("--image", help="Only this image of the project, by its name.")]
By = Annotated[str, typer.Option("--by", help="Who does it; by default who is logged in.")]


@project.command()
def create(
    folder: Folder,
    classes: Annotated[str, typer.Option(help="Class scheme, or names of your own, separated by commas.")] = "consep",
) -> None:
    """Begin a project in a folder."""
    from napari_nucleus.core import own_scheme, scheme
    from napari_nucleus.project import Project

    kinds = own_scheme(folder.name, classes.split(",")) if "," in classes else scheme(classes)
    with Project.create(folder, kinds) as made:
        print(f"project {made.folder} with the classes {', '.join(kinds.classes)}")


@project.command()
def add(
    folder: Folder,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Its pixels; the file stays where it is.")],
    nuclei: Annotated[Path, typer.Argument(metavar="NUCLEI", help="Its nuclei: labels, NPZ or GeoJSON.")],
    name: Annotated[str, typer.Option(help="By default the file's.")] = "",
    source: Annotated[str, typer.Option(help="Who has said what they are: model, relabel or human.")] = "model",
    mpp: Annotated[float | None, typer.Option(help="Pixel size in µm; overrides the file's.")] = None,
) -> None:
    """Add an image with its nuclei."""
    from napari_nucleus.core import NucleusError
    from napari_nucleus.io import read_image, read_nuclei
    from napari_nucleus.project import Project, Provenance

    if source not in tuple(Provenance):
        raise NucleusError(f"Expected {', '.join(Provenance)}, got {source!r}. Choose one of those.")
    with Project.open(folder) as opened:
        picture = read_image(image, mpp=mpp)
        found = read_nuclei(nuclei, classes=opened.scheme, mpp=picture.mpp, shape=picture.shape)
        if found.labels.shape != picture.shape:
            raise NucleusError(
                f"Expected nuclei of the image's size {picture.shape}, got {found.labels.shape}. Give those of {image}."
            )
        number = opened.add_image(image, found, source, name)
        print(f"{opened.image(number).name}: {len(found):,} nuclei")


@project.command()
def export(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="Folder for the files; made where it is missing.")],
    formats: Annotated[
        str, typer.Option("--format", help="What to write, separated by commas.")
    ] = "labels,csv,geojson",
    snapshot: Annotated[str, typer.Option(help="As of a snapshot, instead of now.")] = "",
    image: OfImage = "",
) -> None:
    """Write the nuclei of a project: <image>.labels.tif, .nuclei.csv, .geojson."""
    import numpy as np

    from napari_nucleus.io import check_formats, write_results
    from napari_nucleus.project import Project
    from napari_nucleus.project.snapshots import nuclei_at

    chosen = check_formats(formats.split(","))
    with Project.open(folder, read_only=True) as opened:
        out.mkdir(parents=True, exist_ok=True)
        for entry in _images(opened, image):
            nuclei = nuclei_at(opened, entry.id, snapshot) if snapshot else opened.nuclei(entry.id)
            blank = np.zeros((*entry.shape, 3), np.uint8)  # only the overlay needs the image, which may be gone
            pixels = opened.read_image(entry.id).array if "overlay" in chosen else blank
            write_results(out, entry.name, nuclei, pixels, chosen)
            print(f"{entry.name}: {len(nuclei):,} nuclei")


@project.command()
def merge(
    folder: Folder,
    copy: Annotated[Path, typer.Argument(metavar="COPY", help="A copy of that folder, corrected by somebody else.")],
) -> None:
    """Make the corrections of a copy in a project; what contradicts is set aside for adjudication."""
    from napari_nucleus.project import Project
    from napari_nucleus.project.agreement import disputes
    from napari_nucleus.project.merge import merge_copy

    with Project.open(folder) as opened, Project.open(copy, read_only=True) as other:
        report = merge_copy(opened, other)
        print(f"{report.taken:,} corrections taken over, {len(report.set_aside):,} set aside")
        for name in report.images:
            print(f"new image: {name}")
        for line in report.set_aside:
            print(f"set aside: {line.time} {line.annotator}: {line.action}")
        if open_cases := len(disputes(opened)):
            print(f"{open_cases:,} nuclei to adjudicate")


@project.command()
def journal(
    folder: Folder,
    image: OfImage = "",
    csv: Annotated[Path | None, typer.Option(help="Write it into a CSV file instead.")] = None,
) -> None:
    """Tell every correction that was ever made, the oldest first."""
    from napari_nucleus.project import Project

    with Project.open(folder, read_only=True) as opened:
        if image:
            _images(opened, image)
        table = opened.journal()
    table = table[table["image"].eq(image)] if image else table
    if csv is not None:
        table.to_csv(csv, index=False)
        print(f"{len(table):,} corrections in {csv}")
        return
    for row in table.to_dict("records"):
        aside = "" if row["applied"] else " (set aside)"
        about = f"{row['image'] or 'classes'}  {row['action']}  {row['labels']}"
        print(f"{row['id']}  {row['time']}  {row['annotator']}  {about}{aside}")


@project.command()
def replay(folder: Folder, image: OfImage = "") -> None:
    """Make all corrections once more in memory, and check that they explain what the project holds."""
    from napari_nucleus.app.correct.replay import Replay, audit
    from napari_nucleus.core import NucleusError
    from napari_nucleus.project import Project

    with Project.open(folder, read_only=True) as opened:
        for entry in _images(opened, image):
            if found := audit(opened, entry.id):
                raise NucleusError(
                    f"Expected a journal that explains the nuclei of {entry.name}, got line {found.line.number} "
                    f"({found.line.action}): {found.what}. Somebody has changed the database by other means."
                )
            count = sum(1 for _ in Replay(opened, entry.id))
            print(f"{entry.name}: {count:,} corrections explain {len(opened.rows(entry.id)):,} nuclei")


@project.command()
def agreement(folder: Folder) -> None:
    """Tell whether annotators agree: Cohen's and Fleiss' kappa, and the nuclei to adjudicate."""
    from napari_nucleus.project import Project
    from napari_nucleus.project.agreement import agreement_table, disputes, fleiss_kappa

    with Project.open(folder, read_only=True) as opened:
        table, names = agreement_table(opened), {entry.id: entry.name for entry in opened.images()}
        for first, second, nuclei, kappa in table.itertuples(index=False, name=None):
            print(f"{first}, {second}: kappa {kappa:.3f} over {nuclei:,} nuclei")
        if len({*table["first"], *table["second"]}) > 2:
            kappa, count = fleiss_kappa(opened, sorted({*table["first"], *table["second"]}))
            print(f"all together: kappa {kappa:.3f} over {count:,} nuclei")
        kinds = opened.scheme
        for case in disputes(opened):
            words = ", ".join(f"{who} {kinds.name_of(number)}" for who, number in case.said.items())
            print(f"{names[case.image]}, nucleus {case.label}: {words}")


@project.command()
def snapshot(folder: Folder, name: Annotated[str, typer.Argument(help="For the state of now.")], by: By = "") -> None:
    """Give the state of now a name, to export it or to go back to it later."""
    from napari_nucleus.project import Project
    from napari_nucleus.project.snapshots import take_snapshot

    with Project.open(folder) as opened:
        taken = take_snapshot(opened, name, by or getpass.getuser())
        print(f"{taken.name}: after correction {taken.line:,}")


@project.command()
def restore(folder: Folder, name: Annotated[str, typer.Argument(help="Of a snapshot.")], by: By = "") -> None:
    """Go back to a snapshot; that is a correction, too, and can be taken back."""
    from napari_nucleus.project import Project
    from napari_nucleus.project.snapshots import restore as go_back

    with Project.open(folder) as opened:
        print(f"{name}: {go_back(opened, name, by or getpass.getuser())} corrections")


def _images(opened: Project, name: str) -> list[ImageEntry]:
    """All images, or the one of a name."""
    from napari_nucleus.core import NucleusError

    entries = opened.images()
    chosen = [entry for entry in entries if name in ("", entry.name)]
    if name and not chosen:
        names = ", ".join(entry.name for entry in entries) or "none"
        raise NucleusError(f"Expected an image of the project ({names}), got {name!r}. Choose one of those.")
    return chosen
