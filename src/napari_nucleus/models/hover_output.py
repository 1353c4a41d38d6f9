"""What every network of the HoVer family returns."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class HoverOutput(NamedTuple):
    """Raw maps of a batch, at the size of the input.

    Attributes
    ----------
    np_logit : (B, 1, H, W)
        Logit of "this pixel is nucleus".
    hv : (B, 2, H, W)
        Horizontal, then vertical distance to the nucleus's centre, about [-1, 1].
    type_logit : (B, 1 + C, H, W) or None
        Class logits, background first; None for a network without classes.
    boundary_logit : (B, 1, H, W) or None
        Logit of "edge of a nucleus"; None for a network without.
    similarity : (B, M, T, T) or None
        In training, of networks that a teacher inside them teaches: cosine of each token of the teacher with each of
        the student, a matrix for each of M levels (Guan et al., eq. 1).
    """

    np_logit: Tensor
    hv: Tensor
    type_logit: Tensor | None
    boundary_logit: Tensor | None = None
    similarity: Tensor | None = None
