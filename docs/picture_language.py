"""Remakes the picture of `language.md`, the best answers to some questions: `python docs/picture_language.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from napari_nucleus.graph import ask, image_embeddings, morphology, text_encoder
from napari_nucleus.io.samples import consep_tile
from napari_nucleus.models.nucleus_windows import nucleus_windows

IMAGE = Path(__file__).parent / "images" / "language.jpg"
QUESTIONS = (
    "small round dark nucleus",
    "lymphocyte",
    "elongated nucleus near tumour",
    "large pale epithelial nucleus",
    "long stromal nucleus",
)
SHOWN = 11


def main() -> None:
    """Draw a row a question: the windows on its best answers, with their scores."""
    image, nuclei = consep_tile()
    measured, encoder = morphology(nuclei, image), text_encoder()
    embeddings, windows = image_embeddings(image, nuclei), nucleus_windows(image, nuclei)
    figure = Figure(figsize=(12, 7.2), layout="constrained")
    for row, question in zip(figure.subfigures(len(QUESTIONS), 1), QUESTIONS, strict=True):
        row.suptitle(f"“{question}”", fontsize=12, x=0.01, ha="left")
        score = ask(question, measured, embeddings, encoder, nuclei=nuclei).to_numpy()
        for axes, best in zip(row.subplots(1, SHOWN), np.argsort(-score), strict=False):
            axes.imshow(windows[best])
            axes.set_title(f"{score[best]:.2f}", fontsize=8, pad=2)
            axes.axis("off")
    figure.savefig(IMAGE, dpi=90, pil_kwargs={"quality": 88})


if __name__ == "__main__":
    main()
