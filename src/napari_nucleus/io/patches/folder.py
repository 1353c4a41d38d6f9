"""A folder of images, each with its truth beside it, or of NPZ files that hold both."""

from __future__ import annotations

from pathlib import Path

from napari_nucleus.core import ClassScheme, Image, NucleusError, NucleusMap
from napari_nucleus.io.files import natural, reading
from napari_nucleus.io.npy import has_array
from napari_nucleus.io.nuclei import ASSUMED_MPP, image_name, known_folder, read_nuclei
from napari_nucleus.io.nuclei_files import best_files, nuclei_files
from napari_nucleus.io.patches.checks import fitting
from napari_nucleus.io.patches.patch_set import PatchSet
from napari_nucleus.io.registry import READERS, read_image

_LABELS = (".labels.tif", ".labels.tiff", ".labels.png", ".labels.npy")
_BESIDE = (".npz", *_LABELS, ".geojson")
_OURS = (*_LABELS, ".overlay.png")  # what `segment` puts beside an image is no image


class FolderPatches(PatchSet):
    """One patch a stem: ``<stem>.png`` (or any image) with its truth beside it or in another folder.

    Beside the image the truth is ``<stem>.npz``, ``<stem>.labels.tif`` (or ``.png``, ``.npy``; with its
    ``<stem>.nuclei.csv``, as `segment` writes them) or ``<stem>.geojson``; in a folder of its own also a plain TIFF,
    PNG or NPY. An NPZ holds ``inst`` (H, W), 0 = background; ``type`` (H, W), class numbers, where classes are known;
    ``image`` (H, W, 3), where there is no image file.

    Parameters
    ----------
    folder : Path
    classes : str or ClassScheme, optional
        What the numbers in ``type`` mean. Default: known for folders called ``consep`` and ``nucls``; ``class_1``,
        ``class_2``, … for others.
    mpp : float, optional
        Pixel size in µm of all images. Default: known for those folders; what each file says for others.
    truth : Path, optional
        The folder of the truth, where it isn't that of the images.

    Raises
    ------
    NucleusError
        There is no image in the folder.
    """

    def __init__(
        self,
        folder: Path,
        classes: str | ClassScheme | None = None,
        mpp: float | None = None,
        truth: Path | None = None,
    ) -> None:
        known_classes, known_mpp = known_folder(folder)
        self._classes = classes or known_classes
        self._mpp = known_mpp if mpp is None else mpp
        self._images = _images_in(folder)
        if not self._images:
            raise NucleusError(
                f"Expected images ({', '.join(READERS)}) or a fold of PanNuke, got a folder without. "
                f"Choose another folder. Folder: {folder}"
            )
        self._truths = best_files(folder.iterdir(), _BESIDE) if truth is None else nuclei_files(truth)
        super().__init__(folder, tuple(self._images))

    def image(self, i: int) -> Image:
        """Read the image of a patch, without its truth."""
        return read_image(self._images[self.names[i]], self._mpp)

    def _truth(self, i: int, image: Image) -> NucleusMap | None:
        path = self._truths.get(image_name(self._images[self.names[i]]))
        if path is None or (path.suffix.lower() == ".npz" and not _annotated(path)):
            return None
        nuclei = read_nuclei(path, self._classes, image.mpp or ASSUMED_MPP, shape=image.shape)
        with reading(path, "annotation", [path.suffix.lower()]):
            fitting(nuclei.labels, image)
        return nuclei


def _annotated(path: Path) -> bool:
    with reading(path, "annotation", [".npz"]):
        return has_array(path, "inst")


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
