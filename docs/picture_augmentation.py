"""Remakes the picture of `augmentation.md`: `python docs/picture_augmentation.py`.

One piece of real tissue under each augmentation, as strong as it can come in the recipes. The outlines are those of the
labels that were moved with it; the last two panels show the HV map of the piece and of the same piece turned.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure
from skimage.segmentation import find_boundaries

from napari_nucleus.io.samples import consep_tile
from napari_nucleus.training.augment import NO_AUGMENTATION, Cut, Move, soften
from napari_nucleus.training.symmetry import Symmetry
from napari_nucleus.training.targets import hv_targets

IMAGE = Path(__file__).parent / "images" / "augmentation.jpg"
SIDE, TOP, LEFT = 150, 560, 170
OUTLINE = (10, 90, 20)
GEOMETRY = {
    "as it is": Move(),
    "flip": Move(symmetry=Symmetry(left_to_right=True)),
    "quarter turn": Move(symmetry=Symmetry(True, False, True)),
    "transpose": Move(symmetry=Symmetry(diagonal=True)),
    "rotation": Move(angle=33),
    "scale, up": Move(zoom=1.3),
    "scale, down": Move(zoom=1 / 1.3),
}
COLOURS = {
    "stain": {"stain": 1.0},
    "stain, again": {"stain": 1.0},
    "brightness, contrast,\nsaturation of 0.2": {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2},
    "hue of 0.05": {"hue": 0.05},
    "hue of 0.5": {"hue": 0.5},
    "one blur": {"blur": 1.0, "blur_limit": 5},
    "macenko": {"macenko": 1.0},
    "reinhard": {"reinhard": 1.0},
}
SEEDS = {
    "stain": 13,
    "stain, again": 20,
    "hue of 0.05": 3,
    "hue of 0.5": 4,
    "brightness, contrast,\nsaturation of 0.2": 5,
}


def main() -> None:
    """Draw the panels, a row of geometry and targets above two of colours."""
    tile, nuclei = consep_tile()
    hv = np.moveaxis(hv_targets(nuclei.labels), 0, -1)
    panels = {}
    for title, move in GEOMETRY.items():
        cut = Cut(TOP, LEFT, SIDE, move)
        panels[title] = outlined(cut.image(tile.array), cut.nearest(nuclei.labels))
    for title, move in {"H and V": Move(), "H and V, rotation": Move(angle=33)}.items():
        cut = Cut(TOP, LEFT, SIDE, move)
        panels[title] = painted(cut.target("hv", hv, nuclei.labels), cut.nearest(nuclei.labels))
    square = Cut(TOP, LEFT, SIDE)
    image, labels = square.image(tile.array), square.nearest(nuclei.labels)
    for title, strengths in COLOURS.items():
        rng = np.random.default_rng(SEEDS.get(title, 0))
        changed = recoloured(image, strengths, rng)
        panels[title] = outlined(changed, labels)
    panels["soften"] = outlined(soften(image, np.random.default_rng(6), chance=1.0), labels)
    draw(panels)


def recoloured(image: np.ndarray, strengths: dict[str, float], rng: np.random.Generator) -> np.ndarray:
    """An image (H, W, 3) uint8 with nothing but the named augmentation."""
    changed = replace(NO_AUGMENTATION, **strengths).recolour(image, rng)
    return np.uint8(changed.permute(1, 2, 0).numpy() * 255)


def outlined(image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The image three times as large, with outlines of its nuclei."""
    large = cv2.resize(np.ascontiguousarray(image), None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    large[find_boundaries(np.kron(labels, np.ones((3, 3), labels.dtype)), mode="thick")] = OUTLINE
    return large


def painted(hv: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """H as red, V as green, on black."""
    colours = np.dstack([hv * 0.5 + 0.5, np.full(labels.shape, 0.5)]) * (labels > 0)[..., None]
    return cv2.resize(np.uint8(colours * 255), None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)


def draw(panels: dict[str, np.ndarray]) -> None:
    """Write the picture: panels in three rows, each under its title."""
    figure = Figure(figsize=(17, 9.2), layout="constrained")
    axes = figure.subplots(3, 6).ravel()
    for axis, (title, panel) in zip(axes, panels.items(), strict=True):
        axis.imshow(panel)
        axis.set_title(title, fontsize=12)
        axis.set_axis_off()
    figure.savefig(IMAGE, dpi=80, bbox_inches="tight", pad_inches=0.05, pil_kwargs={"quality": 88})


if __name__ == "__main__":
    main()
