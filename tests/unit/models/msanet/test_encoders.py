import huggingface_hub
import open_clip
import pytest
import torch

from napari_nucleus.core import NucleusError
from napari_nucleus.models.clip import create_clip
from napari_nucleus.models.msanet.encoders import ClipImageEncoder, VitEncoder

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 64, "patch_size": 16, "layers": 4, "width": 32, "head_width": 16},
    "text_cfg": {"layers": 1, "width": 16, "heads": 2},
}


@pytest.fixture(scope="module")
def clip():
    return ClipImageEncoder("ViT-B-16", "openai", False, TINY)


def test_the_last_level_is_open_clip_s_own_answer(clip):
    image = torch.rand(2, 3, 64, 64)
    clip.visual.output_tokens = True
    with torch.no_grad():
        _, tokens = clip.visual((image - clip.mean) / clip.std)
    expected = (tokens @ clip.visual.proj).mT.unflatten(2, (4, 4))
    assert torch.allclose(clip(image)[-1], expected, atol=1e-6)


def test_the_levels_of_the_vit_are_timm_s_own():
    vit = VitEncoder("test_vit").eval()
    image = torch.rand(1, 3, 96, 64)
    with torch.inference_mode():
        tokens = vit.vit.forward_features((image - vit.mean) / vit.std)[:, 1:]
        levels = vit(image)
    assert len(levels) == 4
    assert torch.allclose(levels[-1], tokens.mT.unflatten(2, (6, 4)), atol=1e-5)


def test_position_embeddings_are_interpolated_to_the_grid(clip):
    assert clip._positions((4, 4)) is clip.visual.positional_embedding
    assert clip._positions((17, 17)).shape == (1 + 17 * 17, 32)
    assert torch.allclose(clip._positions((8, 4))[1:].mean(0), clip._positions((4, 4))[1:].mean(0), atol=0.05)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: VitEncoder("vit_small_patch8_224"), "patches of 16 pixels, got vit_small_patch8_224 with 8"),
        (lambda: VitEncoder("nothing"), "encoder that timm has, got 'nothing'"),
        (lambda: ClipImageEncoder("ViT-B-32", "openai", False), "patches of 16 pixels, got ViT-B-32 with 32"),
        (lambda: ClipImageEncoder("RN50", "openai", False), "CLIP with a ViT, got RN50"),
        (lambda: create_clip("nothing", "openai", False), "CLIP that open_clip has, got 'nothing'"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(build, message):
    with torch.device("meta"), pytest.raises(NucleusError, match=message) as raised:
        build()
    assert "\n" not in str(raised.value)


def test_offline_says_how_to_bring_the_weights(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("NAPARI_NUCLEUS_MODELS", str(tmp_path))
    with pytest.raises(NucleusError, match="models import FILE --encoder ViT-B-16-quickgelu") as raised:
        create_clip("ViT-B-16-quickgelu", "openai", True, cache_dir=str(tmp_path))
    assert "\n" not in str(raised.value)
    assert caplog.records == []


def test_weights_that_were_imported_are_found(monkeypatch, tmp_path):
    from napari_nucleus.models.library import add_encoder

    monkeypatch.setenv("NAPARI_NUCLEUS_MODELS", str(tmp_path))
    torch.manual_seed(0)
    one = create_clip("ViT-B-16", "openai", False, **TINY)
    torch.save(one.state_dict(), tmp_path / "clip.pt")
    add_encoder(tmp_path / "clip.pt", "ViT-B-16")
    other = create_clip("ViT-B-16", "openai", True, **TINY)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_the_default_weights_exist():
    assert "openai" in open_clip.list_pretrained_tags_by_model("ViT-B-16-quickgelu")
