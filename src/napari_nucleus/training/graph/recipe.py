"""Recipes of graph classifiers."""

from __future__ import annotations

from dataclasses import dataclass

from napari_nucleus.core.errors import NucleusError
from napari_nucleus.graph.classifier import LAYERS
from napari_nucleus.graph.nodes import PARTS
from napari_nucleus.graph.position import POSITIONS
from napari_nucleus.graph.prompts import STYLES
from napari_nucleus.training.loop_recipe import LoopRecipe
from napari_nucleus.training.recipe import DataSource
from napari_nucleus.training.recipe_fields import choice, number
from napari_nucleus.training.recipe_reading import unlike


@dataclass(frozen=True, kw_only=True)
class GraphRecipe(LoopRecipe):
    """A graph classifier learns the classes of the nuclei that a dense network finds.

    A sample of a batch is the graph of one image.

    Attributes
    ----------
    model : str
        The dense network that finds the nuclei and whose features are read; its classes are the ones learnt.
    sources : tuple of DataSource
    method, k
        Of `build_graph`.
    parts : tuple of str
        Of `PARTS`: what the classifier reads.
    position : str
        ``offsets``: of the neighbours, in µm; ``patch``: as in Guan et al. 2025, shares of a patch of 270 pixels.
    surroundings_um : float
        Radius of the surroundings that visual features are set against (`beside_surroundings`); 0 = as they are.
    encoder, style : str
        Text encoder and style of the descriptions, which leave the position out unless ``position`` is ``patch``.
    layer : str
        ``gcn``, ``sage`` or ``gat``.
    fused, hidden : int
    dropout : float
    views : int
        How often the network looks at each training image: once as it is, then recoloured and turned. It knows the
        images that it was trained on too well; what it sees in them recoloured is nearer to what it sees in new ones.
    stain, soften : float
        Strength of the recolouring and chance of losing sharpness, as in `Augmentation`.
    measures : int
        How often the tissue of each is measured: once as it is, then recoloured, as if its pixels were smaller or
        larger. That takes a tenth of a second each, and stands in for more slides than there are.
    measure_stain, measure_zoom : float
        Strength of that recolouring; the pixels' size is multiplied by 1/zoom to zoom.
    noise : float
        Added to visual features in training, in standard deviations.
    without : float
        Chance that a part is left out of an image in training, so that the classifier can do without.
    known : float
        Mean share of nuclei whose class is told in every other image, in training.
    gamma : float
        Of the focal loss (Guan et al. 2025, eq. 7).
    vote_weight, likeness_weight, graph_weight, tissue_weight : float
        Powers of what the pixels say, of how near a crop is to the names of the classes, and of what the two graphs
        say, once they have learnt by themselves (`opinions`).
    annotated : bool
        Learn from the nuclei as they were annotated, too, among them those that the network misses.
    balance : float
        Classes weigh as one over their share of the nuclei to this power: 0 all the same, 1 as in Guan et al.

    Raises
    ------
    NucleusError
        A value is out of its range; the message names the field.
    """

    model: str = "nucleus_small"
    sources: tuple[DataSource, ...] = ()
    method: str = choice("knn", ("knn", "radius", "delaunay"))
    k: int = number(5, least=1)
    parts: tuple[str, ...] = PARTS
    position: str = choice("offsets", tuple(POSITIONS))
    surroundings_um: float = number(100.0, least=0)
    encoder: str = "nucleus_clip"
    style: str = choice("rich", STYLES)
    layer: str = choice("sage", LAYERS)
    fused: int = number(128, least=1)
    hidden: int = number(128, least=4)
    dropout: float = number(0.5, least=0, below=1)
    views: int = number(4, least=1)
    stain: float = number(1.0, least=0)
    soften: float = number(0.3, least=0, most=1)
    measures: int = number(17, least=1)
    measure_stain: float = number(1.4, least=0)
    measure_zoom: float = number(1.35, least=1)
    noise: float = number(0.0, least=0)
    without: float = number(0.15, least=0, below=1)
    known: float = number(0.4, least=0, most=0.5)
    gamma: float = number(2.0, least=0)
    balance: float = number(0.8, least=0)
    vote_weight: float = number(0.3, least=0)
    likeness_weight: float = number(2.5, least=0)
    graph_weight: float = number(0.5, least=0)
    tissue_weight: float = number(1.5, least=0)
    annotated: bool = True
    batch: int = number(4, least=1)
    precision: str = choice("float32", ("auto", "float32", "bfloat16", "float16"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sources:
            raise NucleusError("Expected at least one of sources, got none. Add [[sources]] with a folder.")
        if not self.parts:
            raise NucleusError("Expected at least one of parts, got none. Choose out of " + ", ".join(PARTS) + ".")
        for part in self.parts:
            if part not in PARTS:
                raise unlike("parts", part, PARTS)

    @property
    def places_told(self) -> bool:
        """Whether descriptions say where in the image a nucleus lies."""
        return self.position == "patch"
