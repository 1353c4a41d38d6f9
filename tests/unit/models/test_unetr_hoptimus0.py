import pytest
import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.models import create_model
from napari_nucleus.models.unetr_hoptimus0 import FoundationUNETR

TINY = {"encoder_options": {"embed_dim": 32, "depth": 4, "num_heads": 2}, "widths": (32, 16, 16, 8)}


def tiny(**options):
    return FoundationUNETR(4, **{"blocks": (0, 1, 2, 3)} | TINY | options)


def test_the_paper_s_blocks_of_the_full_size():
    with torch.device("meta"):
        network = create_model("unetr_hoptimus0")
    assert network.encoder.blocks == [1, 14, 26, 38]
    assert len(network.encoder.vit.blocks) == 40
    output = network(torch.zeros(1, 3, 256, 256, device="meta"))
    assert output.flow.shape == (1, 2, 256, 256)


def test_256_pixels_give_16_by_16_tokens():
    tokens = tiny().encoder(torch.rand(2, 3, 256, 256))
    assert [t.shape for t in tokens] == [(2, 32, 16, 16)] * 4
    assert all(not t.requires_grad for t in tokens)


@pytest.mark.parametrize("encoder", ["uni", "dinov2", "virchow2", "vit_tiny_patch16_224"])
def test_other_encoders_give_as_many_tokens(encoder):
    network = tiny(encoder=encoder, blocks=None, encoder_options=TINY["encoder_options"] | {"depth": 8}).eval()
    assert network.encoder(torch.rand(1, 3, 64, 96))[0].shape == (1, 32, 4, 6)
    assert network(torch.rand(1, 3, 64, 96)).type_logit.shape == (1, 5, 64, 96)


def test_the_encoder_stays_frozen():
    network = tiny().train()
    assert network.training
    assert not any(module.training for module in network.encoder.modules())
    assert not any(p.requires_grad for p in network.encoder.parameters())


def test_the_decoder_learns():
    torch.manual_seed(0)
    network, image = tiny().train(), torch.rand(2, 3, 64, 64)
    wanted = (image[:, :1] > 0.5).float()
    frozen = {n: p.clone() for n, p in network.encoder.named_parameters()}
    optimiser = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=0.01)
    losses = []
    for _ in range(25):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(image).prob_logit, wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert all(torch.equal(p, frozen[n]) for n, p in network.encoder.named_parameters())


@pytest.mark.parametrize("blocks", [(1, 14, 26, 38), (-1, 0, 1, 2), (0, 1, 1, 2), (3, 2, 1, 0), None])
def test_blocks_that_the_encoder_lacks_are_refused(blocks):
    with pytest.raises(NucleusError, match="blocks from 0 to 3"):
        tiny(blocks=blocks)


@pytest.mark.parametrize("encoder", ["resnet18", "gigantic"])
def test_what_is_no_vision_transformer_is_refused(encoder):
    with pytest.raises(NucleusError, match=f"a vision transformer .*got {encoder}"):
        FoundationUNETR(4, encoder=encoder)
