"""Nuclei and words of one network of nuclei: questions, classes by their names, and what clicks teach."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_nucleus.app.graph.network import Network
from napari_nucleus.core import NucleusError

if TYPE_CHECKING:  # torch takes seconds
    from napari_nucleus.graph import TextEncoder

DEFAULT_CLIP = "nucleus_clip"


class Words:
    """What a vision–language model makes of the nuclei; each is looked at once, when it is first needed.

    Parameters
    ----------
    network : Network
    name : str
        Of `text_encoder`.
    """

    def __init__(self, network: Network, name: str = DEFAULT_CLIP) -> None:
        self.network, self.name = network, name
        self._lock = threading.Lock()
        self._embeddings: NDArray[np.float32] | None = None
        self._encoder: TextEncoder | None = None

    def ask(self, query: str) -> tuple[pd.Series, str]:
        """How well each nucleus answers, in [0, 1] by label, and a note: without image or model measured words decide.

        Raises
        ------
        NucleusError
            There are no words, or none that can be told without an image and a model.
        """
        from napari_nucleus.graph import ask

        embeddings, encoder, note = None, None, ""
        try:
            embeddings, encoder = self._read()
        except NucleusError as error:
            note = f"Measured words alone decide. {error}"
        return ask(query, self.network.measured, embeddings, encoder, nuclei=self.network.nuclei), note

    def classes(self, names: Sequence[str], taught: Mapping[int, str] | None = None) -> pd.DataFrame:
        """Probabilities of classes that are named only, (N, C) by label; learnt from clicks where there are some.

        Parameters
        ----------
        names : sequence of str
        taught : mapping, optional
            Class by label, of nuclei that a person has clicked.

        Raises
        ------
        NucleusError
            Names are missing or repeat, there is no image, or no such model.
        """
        from napari_nucleus.graph import promote, zero_shot

        if len(set(names)) < 2 or len(set(names)) != len(names):
            raise NucleusError(
                f"Expected two or more different names, got {', '.join(names) or 'none'}. "
                "Type them with commas between, such as: lymphocyte, tumour, fibroblast."
            )
        embeddings, encoder = self._read()
        clicked = {label: name for label, name in (taught or {}).items() if name in names}
        if clicked:
            rows = self.network.labels.get_indexer(pd.Index(list(clicked)))
            numbers = np.array([1 + list(names).index(name) for name in clicked.values()])
            known = rows >= 0
            fitted = promote(names, rows[known], numbers[known], embeddings, encoder)
            found = fitted.head.probabilities(embeddings)
        else:
            found = zero_shot(names, embeddings, encoder)
        return pd.DataFrame(found, index=self.network.labels, columns=list(names))

    def crops(self, encoder: str) -> NDArray[np.float32] | None:
        """Each nucleus as a model's image encoder sees it, (N, D); None where another model reads, or none can."""
        try:
            return self._read()[0] if encoder == self.name else None
        except NucleusError:
            return None

    def _read(self) -> tuple[NDArray[np.float32], TextEncoder]:
        from napari_nucleus.graph import image_embeddings, text_encoder

        if self.network.pixels is None:
            raise NucleusError("Expected the image of these nuclei, got none. Choose it in the list of images.")
        with self._lock:  # two questions at once look at the nuclei once
            if self._encoder is None or self._embeddings is None:
                self._encoder = text_encoder(self.name)
                self._embeddings = image_embeddings(self.network.pixels, self.network.nuclei, self.name)
            return self._embeddings, self._encoder


def names_in(text: str) -> list[str]:
    """Class names from a line with commas.

    Examples
    --------
    >>> names_in(" lymphocyte, tumour ,, ")
    ['lymphocyte', 'tumour']
    """
    return [name for name in (" ".join(part.split()) for part in text.split(",")) if name]
