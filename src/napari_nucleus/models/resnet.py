"""The encoder of `nucleus_small`: a short ResNet of basic blocks (He et al. 2016) with a thin stem.

timm has the same network, `resnet18` with these depths and channels, and the parameters have the same names. It is
written out here because loading timm takes longer than segmenting a tile.

    image (B, 3, H, W) -> stem, stride 2 -> max pooling -> three stages at strides 4, 8 and 16
"""

from __future__ import annotations

from torch import Tensor, nn


class BasicBlock(nn.Module):
    """Two 3×3 convolutions around which the input is added."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels_out)
        nn.init.zeros_(self.bn2.weight)  # a block begins as nothing but its shortcut
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            shortcut = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(channels_out))

    def forward(self, x: Tensor) -> Tensor:
        """The input with what the convolutions make of it added; (B, channels_out, H / stride, W / stride)."""
        inner = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        added: Tensor = self.relu(inner + self.downsample(x))
        return added


class ShortResNet(nn.Module):
    """Features at strides 2, 4, 8 and 16.

    Parameters
    ----------
    stem : int
        Channels at full work in the stem; twice as many leave it.
    depths, widths : tuple of int
        Blocks and channels of each stage.
    """

    def __init__(
        self, stem: int = 16, depths: tuple[int, ...] = (2, 2, 3), widths: tuple[int, ...] = (64, 128, 256)
    ) -> None:
        super().__init__()
        self.channels = (2 * stem, *widths)
        self.conv1 = nn.Sequential(
            nn.Conv2d(3, stem, 3, 2, 1, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(inplace=True),
            nn.Conv2d(stem, stem, 3, 1, 1, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(inplace=True),
            nn.Conv2d(stem, 2 * stem, 3, 1, 1, bias=False),
        )
        self.bn1 = nn.BatchNorm2d(2 * stem)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        for number, (depth, before, width) in enumerate(zip(depths, self.channels, widths, strict=False), 1):
            first = BasicBlock(before, width, stride=1 if number == 1 else 2)
            rest = (BasicBlock(width, width, stride=1) for _ in range(depth - 1))
            self.add_module(f"layer{number}", nn.Sequential(first, *rest))
        self._stages = [f"layer{number + 1}" for number in range(len(depths))]
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, image: Tensor) -> list[Tensor]:
        """Features of images (B, 3, H, W): (B, channels[i], H / 2^(i + 1), W / 2^(i + 1))."""
        features = [self.relu(self.bn1(self.conv1(image)))]
        x = self.maxpool(features[0])
        for stage in self._stages:
            x = self.get_submodule(stage)(x)
            features.append(x)
        return features
