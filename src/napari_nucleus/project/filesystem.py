"""What a folder lies on."""

from __future__ import annotations

import os
from pathlib import Path

# Shared memory, which several programs need for a write-ahead log, doesn't reach over these.
_NETWORK = ("nfs", "cifs", "smb", "afs", "9p", "ceph", "lustre", "gpfs", "beegfs", "sshfs", "webdav", "davfs", "ncpfs")


def on_network(path: Path) -> bool:
    """Whether a path lies on another machine's disk."""
    import psutil  # here, so that importing the project is quick

    if str(path).startswith(("\\\\", "//")):
        return True
    mounts = [part for part in psutil.disk_partitions(all=True) if path.is_relative_to(part.mountpoint)]
    if not mounts:
        return False
    nearest = max(mounts, key=lambda part: len(part.mountpoint))
    kind = nearest.fstype.lower()
    return "remote" in nearest.opts.split(",") or any(name in kind for name in _NETWORK)


def sync_folder(folder: Path) -> None:
    """Have the names of new files in a folder on the disk; Windows does so by itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
