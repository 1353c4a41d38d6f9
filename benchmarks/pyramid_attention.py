"""Pyramid-pooling attention of MSA-Net against full attention: multiplications and time."""

import argparse
import statistics
import time

import torch
from timm.models.vision_transformer import Attention
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from napari_nucleus.models.msanet.pyramid import PyramidAttention

WIDTH, HEADS = 768, 12


class FullAttention(nn.Module):
    """timm's attention, as in ViT-B, for maps (B, C, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = Attention(WIDTH, HEADS, qkv_bias=True)

    def forward(self, x: Tensor) -> Tensor:
        """Of the same shape."""
        return self.attention(x.flatten(2).mT).mT.unflatten(2, x.shape[-2:])


def gmac(module: nn.Module, side: int) -> float:
    with FlopCounterMode(display=False) as counter:
        module.to("meta")(torch.empty(1, WIDTH, side, side, device="meta"))
    return counter.get_total_flops() / 2e9


def milliseconds(module: nn.Module, side: int, device: str, repeat: int) -> float:
    x = torch.rand(1, WIDTH, side, side, device=device)
    module = module.eval().to(device)

    def once() -> float:
        start = time.perf_counter()
        module(x)
        if device == "cuda":
            torch.cuda.synchronize()
        return 1000 * (time.perf_counter() - start)

    with torch.inference_mode():
        once()
        return statistics.median(once() for _ in range(repeat))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs="+", default=[17, 32, 64, 96], help="tokens along a side")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    print("| grid | pixels | K and V | GMAC, full | pooled | ratio | ms, full | pooled | ratio |")
    print("|---|---|---|---|---|---|---|---|---|")
    for side in options.sides:
        tokens = PyramidAttention(WIDTH, HEADS).pyramid(torch.zeros(1, WIDTH, side, side)).shape[1]
        full, pooled = gmac(FullAttention(), side), gmac(PyramidAttention(WIDTH, HEADS), side)
        slow = milliseconds(FullAttention(), side, options.device, options.repeat)
        fast = milliseconds(PyramidAttention(WIDTH, HEADS), side, options.device, options.repeat)
        print(
            f"| {side}×{side} | {16 * side}² | {tokens} of {side * side} | {full:.3f} | {pooled:.3f} | "
            f"{full / pooled:.1f}× | {slow:.1f} | {fast:.1f} | {slow / fast:.1f}× |"
        )


if __name__ == "__main__":
    main()
