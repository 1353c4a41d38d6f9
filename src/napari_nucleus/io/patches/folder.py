"""A folder of images, each with its truth beside it, or of NPZ files that hold both."""

from __future__ import annotations

from pathlib import Path

from numpy.typing import NDArray

from napari_nucleus.core import ClassScheme, Image, NucleusError, NucleusMap
from napari_nucleus.io.files import natural, reading
from napari_nucleus.io.labels import read_labels
from napari_nucleus.io.npy import open_npz
from napari_nucleus.io.nuclei import ASSUMED_MPP, known_folder, typed_nuclei
from napari_nucleus.io.patches.patch_set import PatchSet
from napari_nucleus.io.registry import READERS, read_image

_LABELS = ".labels.tif"
_OURS = (_LABELS, ".overlay.png")  # what `segment` puts beside an image is no image


class FolderPatches(PatchSet):
    """One patch a stem: ``<stem>.png`` (or any image) with ``<stem>.npz`` or ``<stem>.labels.tif``, or an NPZ alone.

    An NPZ holds ``inst`` (H, W), 0 = background; ``type`` (H, W), class numbers, where classes are known; ``image``
    (H, W, 3), where there is no image file.

    Parameters
    ----------
    folder : Path
    classes : str or ClassScheme, optional
        What the numbers in ``type`` mean. Default: known for folders called ``consep`` and ``nucls``; ``class_1``,
        ``class_2``, … for others.
    mpp : float, optional
        Pixel size in µm of all images. Default: known for those folders; what each file says for others.

    Raises
    ------
    NucleusError
        There is no image in the folder.
    """

    def __init__(self, folder: Path, classes: str | ClassScheme | None = None, mpp: float | None = None) -> None:
        known_classes, known_mpp = known_folder(folder)
        self._classes = classes or known_classes
        self._mpp = known_mpp if mpp is None else mpp
        self._images = _images_in(folder)
        if not self._images:
            raise NucleusError(
                f"Expected images ({', '.join(READERS)}) or a fold of PanNuke, got a folder without. "
                f"Choose another folder. Folder: {folder}"
            )
        super().__init__(folder, tuple(self._images), (None,) * len(self._images))

    def image(self, i: int) -> Image:
        """Read the image of a patch, without its truth."""
        return read_image(self._images[self.names[i]], self._mpp)

    def _truth(self, i: int, image: Image) -> NucleusMap | None:
        mpp = image.mpp or ASSUMED_MPP
        name = self.names[i]
        npz, labels = self.folder / f"{name}.npz", self.folder / f"{name}{_LABELS}"
        if npz.exists():
            with reading(npz, "annotation", [".npz"]), open_npz(npz) as arrays:
                kinds = arrays.get("type")
                return self._nuclei(_fitting(arrays["inst"], image), kinds, mpp) if "inst" in arrays else None
        if labels.exists():
            return self._nuclei(_fitting(read_labels(labels)[0], image), None, mpp)
        return None

    def _nuclei(self, inst: NDArray, kinds: NDArray | None, mpp: float) -> NucleusMap:
        if kinds is None:
            return NucleusMap.from_labels(inst, mpp=mpp)
        return typed_nuclei(inst, kinds, mpp, self._classes)


def _images_in(folder: Path) -> dict[str, Path]:
    """Image by name; in the order that a person would give them: 2 before 10. An image file goes before an NPZ."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir(), key=lambda path: (natural(path.name), path.suffix)):
        suffix = path.suffix.lower()
        if suffix not in READERS or path.name.startswith(".") or path.name.lower().endswith(_OURS) or path.is_dir():
            continue
        name = path.stem.removesuffix(".ome")
        if name not in found or found[name].suffix.lower() == ".npz":
            found[name] = path
        elif suffix != ".npz":
            found[path.name] = path
    return found


def _fitting(labels: NDArray, image: Image) -> NDArray:
    if labels.shape != image.shape:
        raise NucleusError(
            f"Expected an annotation of {image.shape} pixels as the image, got {labels.shape}. Annotate this image."
        )
    return labels
