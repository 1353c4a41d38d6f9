"""``classes.json``: what the class numbers of a folder of annotations mean, and its pixel size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from napari_nucleus.core import ClassScheme, NucleusError, check_mpp, own_scheme
from napari_nucleus.io.files import replacing

FILE = "classes.json"


def write_classes(folder: Path, kinds: ClassScheme, mpp: float) -> None:
    """Write the classes of a folder.

    ``name``; ``classes``, number 1 first; ``colors``; ``crosswalks``, by scheme, of class names; ``mpp`` in µm.
    """
    walks = {target: dict(names) for target, names in kinds.crosswalks.items()}
    values = {"name": kinds.name, "classes": kinds.classes, "colors": kinds.colors, "crosswalks": walks, "mpp": mpp}
    with replacing(folder / FILE) as part:
        part.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_classes(folder: Path) -> tuple[ClassScheme, float] | None:
    """Classes and pixel size in µm that a folder states; None where it has no such file.

    Raises
    ------
    NucleusError
        The file holds something else.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        kinds = own_scheme(str(values["name"]), [str(c) for c in values["classes"]], values.get("colors", ()))
        walks = {str(target): dict(names) for target, names in values.get("crosswalks", {}).items()}
        kinds = replace(kinds, crosswalks=walks)
        mpp = float(values["mpp"])
        check_mpp(mpp)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise NucleusError(f"Expected name, classes and mpp in {path}, got: {reason}. Correct or delete it.") from None
    return kinds, mpp
