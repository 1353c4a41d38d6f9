"""MoNuSAC as it is published (Verma et al. 2021): a folder a slide, in it images with outlines in XML."""

from __future__ import annotations

from pathlib import Path

from napari_nucleus.core import ClassScheme, Image, NucleusError, NucleusMap, scheme
from napari_nucleus.io.aperio_xml import filled, read_aperio_xml
from napari_nucleus.io.files import natural, reading
from napari_nucleus.io.nuclei import ASSUMED_MPP
from napari_nucleus.io.patches.checks import require_partners
from napari_nucleus.io.patches.patch_set import PatchSet
from napari_nucleus.io.registry import read_image

# Areas of the test images that annotators could not tell: they are no nuclei of a class.
_AMBIGUOUS = "ambiguous"
_PATIENT = 12  # letters of a TCGA barcode that name the patient: TCGA-5P-A9K0


class MonusacPatches(PatchSet):
    """``<slide>/<slide>_1.tif`` or ``.svs`` with ``<slide>_1.xml``; the classes go by their names.

    The groups are ``patient`` (the TCGA barcode of the slide) and ``slide``. Outlines called *Ambiguous* are left out.

    Parameters
    ----------
    folder : Path
        That holds the folders of the slides, at any depth.
    classes : str or ClassScheme, optional
        Those of MoNuSAC by default; their names, in any case, are those in the XML.
    mpp : float, optional
        Pixel size in µm in place of what the XML says; 0.25 where it says nothing.

    Raises
    ------
    NucleusError
        An annotation has no image.
    """

    def __init__(self, folder: Path, classes: str | ClassScheme | None = None, mpp: float | None = None) -> None:
        self._scheme = scheme(classes or "monusac")
        self._mpp = mpp
        files = sorted(monusac_files(folder), key=lambda path: natural(path.stem))
        self._files = {path.stem: path for path in files}
        self._images = {name: _picture(path) for name, path in self._files.items()}
        require_partners(self._images)
        slides = tuple(path.parent.name for path in files)
        patients = tuple(slide[:_PATIENT] if slide.startswith("TCGA-") else slide for slide in slides)
        super().__init__(folder, tuple(self._files), groups={"patient": patients, "slide": slides})

    def image(self, i: int) -> Image:
        """Read the image of a patch, without its truth."""
        name = self.names[i]
        return read_image(self._images[name], self._mpp or read_aperio_xml(self._files[name])[1] or ASSUMED_MPP)

    def _truth(self, i: int, image: Image) -> NucleusMap:
        path = self._files[self.names[i]]
        outlines, _ = read_aperio_xml(path)
        outlines = [(name, outline) for name, outline in outlines if name.lower() != _AMBIGUOUS]
        labels = filled([outline for _, outline in outlines], image.shape)
        with reading(path, "annotation", [".xml"]):
            class_of = {i: self._number(name) for i, (name, _) in enumerate(outlines, 1)}
        return NucleusMap.from_labels(labels, mpp=image.mpp or ASSUMED_MPP, classes=self._scheme, class_of=class_of)

    def _number(self, name: str) -> int:
        known = {c.lower(): c for c in self._scheme.classes}
        if name.lower() not in known:
            raise NucleusError(f"Expected classes {', '.join(self._scheme.classes)}, got {name!r}. Name the scheme.")
        return self._scheme.number_of(known[name.lower()])


def monusac_files(folder: Path) -> list[Path]:
    """The annotations of a folder in the layout of MoNuSAC; empty where it is none."""
    for depth in ("*.xml", "*/*.xml", "*/*/*.xml"):
        found = [path for path in folder.glob(depth) if path.stem.startswith(f"{path.parent.name}_")]
        if any(_picture(path).exists() for path in found):
            return found
    return []


def _picture(path: Path) -> Path:
    """The TIFF has the pixels of the SVS, and needs no slide reader."""
    plain = path.with_suffix(".tif")
    return plain if plain.exists() else path.with_suffix(".svs")
