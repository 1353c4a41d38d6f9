import pytest
import torch
from torch import nn

from napari_nucleus.core import NucleusError
from napari_nucleus.models import create_model
from napari_nucleus.models.export import export_onnx
from napari_nucleus.models.hover_output import HoverOutput


class Tiny(nn.Module):
    """Maps of one convolution; `drift` makes the exported graph differ from what it answers itself."""

    def __init__(self, drift=0.0):
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3, padding=1)
        self.drift = drift

    def forward(self, image):
        maps = self.convolution(image)
        if torch.compiler.is_exporting():
            maps = maps + self.drift
        return HoverOutput(maps[:, :1], maps[:, 1:3], None, maps[:, 3:])


def test_only_the_maps_that_there_are(tmp_path):
    written = export_onnx(Tiny(), tmp_path / "tiny.onnx", 32)
    assert written.outputs == ("np_logit", "hv", "boundary_logit")
    assert written.difference < 1e-5
    assert [p.name for p in tmp_path.iterdir()] == ["tiny.onnx"]


def test_a_file_that_gives_other_maps_is_not_left_behind(tmp_path):
    with pytest.raises(NucleusError, match="Expected np_logit as the network gives it"):
        export_onnx(Tiny(drift=0.1), tmp_path / "tiny.onnx", 32)
    assert list(tmp_path.iterdir()) == []


def test_a_size_that_the_network_cannot_take(tmp_path):
    with pytest.raises(NucleusError, match="Pad it to 64×64"):
        export_onnx(create_model("mobilevit_unet", encoder="mobilevitv2_050"), tmp_path / "n.onnx", 50)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(NucleusError, match="Make it first") as raised:
        export_onnx(Tiny(), tmp_path / "none" / "n.onnx", 32)
    assert "\n" not in str(raised.value)
