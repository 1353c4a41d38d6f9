"""The hub that encoders' weights come from, and what to do where it can't be reached."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies


@contextmanager
def without_waiting() -> Iterator[None]:
    """Where the hub has no address here, use what was fetched earlier, in place of asking for a minute."""
    from huggingface_hub import constants  # takes a while

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not _has_address(constants.ENDPOINT)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _has_address(url: str) -> bool:
    if getproxies():  # the proxy knows
        return True
    try:
        socket.getaddrinfo(urlsplit(url).hostname, 443)
    except OSError:
        return False
    return True
