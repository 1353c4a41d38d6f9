import pytest

from napari_nucleus.app.doctor import has_display


def pytest_collection_modifyitems(items):
    """Without a screen Qt would end the whole run; `./run test` brings a virtual one."""
    if not has_display():
        for item in items:
            if item.get_closest_marker("window") or "qapp" in item.fixturenames:
                item.add_marker(pytest.mark.skip(reason="needs a screen, such as xvfb-run gives"))
