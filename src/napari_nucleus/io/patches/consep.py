"""CoNSeP as it is published (Graham et al. 2019): ``Train`` and ``Test``, each with ``Images`` and ``Labels``."""

from __future__ import annotations

from pathlib import Path

from napari_nucleus.core import ClassScheme, Image, NucleusMap, scheme
from napari_nucleus.io.files import natural
from napari_nucleus.io.mat import read_mat
from napari_nucleus.io.nuclei import ASSUMED_MPP
from napari_nucleus.io.patches.checks import fitting, require_partners
from napari_nucleus.io.patches.patch_set import PatchSet
from napari_nucleus.io.registry import read_image

# The seven classes of the files; the paper scores four, of which the crosswalk tells.
CONSEP7 = ClassScheme(
    "consep7",
    ("other", "inflammatory", "healthy epithelial", "malignant epithelial", "fibroblast", "muscle", "endothelial"),
    ("#999999", "#56B4E9", "#E69F00", "#D55E00", "#009E73", "#F0E442", "#0072B2"),
    {
        "consep": {
            "other": "other",
            "inflammatory": "inflammatory",
            "healthy epithelial": "epithelial",
            "malignant epithelial": "epithelial",
            "fibroblast": "spindle-shaped",
            "muscle": "spindle-shaped",
            "endothelial": "spindle-shaped",
        }
    },
)


class ConsepPatches(PatchSet):
    """``Images/<stem>.png`` with ``Labels/<stem>.mat``: ``inst_map`` and ``type_map``, both (H, W).

    Parameters
    ----------
    folder : Path
        That holds ``Train`` or ``Test`` or both, which are its folds ``train`` and ``test``.
    classes : str or ClassScheme, optional
        Of the numbers in ``type_map``; the seven that are published by default.
    mpp : float, optional
        Pixel size in µm; 0.25 by default.

    Raises
    ------
    NucleusError
        An annotation has no image.
    """

    def __init__(self, folder: Path, classes: str | ClassScheme | None = None, mpp: float | None = None) -> None:
        self._scheme = scheme(classes or CONSEP7)
        self._mpp = mpp or ASSUMED_MPP
        labels = sorted(consep_labels(folder), key=lambda path: natural(path.stem))
        self._labels = {path.stem: path for path in labels}
        self._images = {p.stem: p.parent.with_name("Images") / f"{p.stem}.png" for p in labels}
        require_partners(self._images)
        folds = tuple(path.parent.parent.name.lower() for path in labels)
        super().__init__(folder, tuple(self._labels), groups={"fold": folds})

    def image(self, i: int) -> Image:
        """Read the image of a patch, without its truth."""
        return read_image(self._images[self.names[i]], self._mpp)

    def _truth(self, i: int, image: Image) -> NucleusMap:
        inst, kinds = read_mat(self._labels[self.names[i]], "inst_map", "type_map")
        return NucleusMap.from_labels(
            fitting(inst, image), mpp=self._mpp, classes=self._scheme, type_map=kinds.astype(int)
        )


def consep_labels(folder: Path) -> list[Path]:
    """The annotations of a folder in the layout of CoNSeP; empty where it is none."""
    return [path for part in ("Train", "Test") for path in folder.glob(f"{part}/Labels/*.mat")]
