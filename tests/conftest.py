import os

import pytest

from napari_nucleus.app.doctor import has_display

os.environ["HF_HUB_OFFLINE"] = "1"  # no test fetches weights, also where it could


@pytest.fixture(autouse=True)
def models_folder(monkeypatch, tmp_path_factory):
    """An empty folder in place of the user's own models."""
    folder = tmp_path_factory.mktemp("home") / "models"
    monkeypatch.setenv("NAPARI_NUCLEUS_MODELS", str(folder))
    return folder


def pytest_collection_modifyitems(items):
    """Without a screen Qt would end the whole run; `./run test` brings a virtual one."""
    if not has_display():
        for item in items:
            if item.get_closest_marker("window") or "qapp" in item.fixturenames:
                item.add_marker(pytest.mark.skip(reason="needs a screen, such as xvfb-run gives"))
