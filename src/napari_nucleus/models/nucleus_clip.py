"""nucleus_clip: a small CLIP that knows nuclei, in place of a large one that knows everything else.

CLIP (Radford et al. 2021), as open_clip builds it (MIT licence), in a configuration of ours; the recipe
`nucleus_clip.toml` and the crops, whose surroundings are faded, are ours, too.

    crop of one nucleus (B, 3, 64, 64) -> ResNet with attention pooling -> (B, 128), of unit length
    32 tokens of a description         -> transformer of 3 layers       -> (B, 128), of unit length
"""

from __future__ import annotations

from typing import Any

from torch import nn

from napari_nucleus.models.nucleus_windows import SIDE_PX
from napari_nucleus.models.registry import register_cell_model

CONTEXT_TOKENS = 32
_MEAN, _STD = (0.72, 0.56, 0.69), (0.20, 0.22, 0.17)  # of H&E
_VISION = {"layers": (2, 2, 1, 1), "width": 16, "image_size": SIDE_PX}
# All of CLIP's 49,408 pieces of words are known to the tokeniser; their narrow width keeps the file small.
_TEXT = {"context_length": CONTEXT_TOKENS, "width": 64, "heads": 4, "layers": 3}


@register_cell_model
def nucleus_clip(n_classes: int, width: int = 128) -> nn.Module:
    """Crops of nuclei and words about them as vectors of one space; classes are named in words.

    Parameters
    ----------
    n_classes : int
        Of no consequence: any words can be asked for.
    width : int
        Numbers a crop or description.
    """
    from open_clip import CLIP  # takes seconds
    from open_clip.model import set_model_preprocess_cfg

    network: Any = CLIP(width, vision_cfg=_VISION, text_cfg=_TEXT)
    set_model_preprocess_cfg(network, {"size": SIDE_PX, "mean": _MEAN, "std": _STD})
    return network
