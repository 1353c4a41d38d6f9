import pytest
from huggingface_hub import constants

from napari_nucleus.core import NucleusError
from napari_nucleus.models import create_model
from napari_nucleus.models.hub import without_waiting


@pytest.fixture
def online(monkeypatch):
    """As on a machine whose user has not said that it is offline."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_a_hub_without_address_is_not_asked(online, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "https://hub.invalid")
    with without_waiting():
        assert constants.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE


def test_a_hub_with_an_address_is_asked(online, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "https://localhost")
    with without_waiting():
        assert not constants.HF_HUB_OFFLINE


def test_a_proxy_is_trusted_to_know(online, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "https://hub.invalid")
    monkeypatch.setenv("https_proxy", "http://localhost:1")
    with without_waiting():
        assert not constants.HF_HUB_OFFLINE


def test_offline_is_one_line_with_the_way_out(online, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "https://hub.invalid")
    with pytest.raises(NucleusError, match="models import FILE --encoder resnet18"):
        create_model("nucleus_small", encoder="resnet18", pretrained=True)
