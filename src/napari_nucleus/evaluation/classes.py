"""Truth and prediction in one class scheme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from napari_nucleus.core import SCHEMES, ClassScheme, NucleusError, NucleusMap

_FOUND = ("imported", "classes")  # what readers call a scheme made of the names, or numbers, that a file happens to use


@dataclass(frozen=True, slots=True)
class CommonScheme:
    """The scheme in which truth and prediction are compared, and how their classes are called there.

    Attributes
    ----------
    scheme : ClassScheme
    true_names, pred_names : mapping
        Class of truth and of prediction to that of the scheme; what is left out is unknown there.
    note : str
        What a reader of the scores must know; empty where both have the same classes.
    """

    scheme: ClassScheme
    true_names: Mapping[str, str]
    pred_names: Mapping[str, str]
    note: str = ""

    def truth(self, nuclei: NucleusMap) -> NucleusMap:
        """Annotated nuclei with the classes of the scheme.

        Raises
        ------
        NucleusError
            Their classes are others than those that the scheme was made for.
        """
        return _renamed(nuclei, self.scheme, self.true_names)

    def prediction(self, nuclei: NucleusMap) -> NucleusMap:
        """Predicted nuclei likewise; probabilities of classes that become one are added."""
        return _renamed(nuclei, self.scheme, self.pred_names)


def harmonise(truth: ClassScheme, prediction: ClassScheme) -> CommonScheme:
    """The scheme in which both can be compared: the truth's where the prediction's classes are its own or lead to it.

    Classes go by name, never by number. With less than two classes on either side only the nuclei are compared.

    Raises
    ------
    NucleusError
        Neither has the other's classes, and no crosswalk leads from the prediction's to the truth's.

    Examples
    --------
    >>> from napari_nucleus.core import scheme
    >>> harmonise(scheme("consep"), scheme("pannuke")).pred_names["connective"]
    'spindle-shaped'
    """
    if len(truth) < 2 or len(prediction) < 2:
        return nuclei_alone(_lacking(truth, prediction))
    mine, theirs = ({name: name for name in kinds.classes} for kinds in (truth, prediction))
    if mine.keys() >= theirs.keys():
        return CommonScheme(truth, mine, theirs)
    if truth.name in _FOUND and theirs.keys() > mine.keys():
        return CommonScheme(prediction, mine, theirs)
    if truth.name in _FOUND and prediction.name in _FOUND and theirs.keys() & mine.keys():
        return CommonScheme(merged([truth, prediction]), mine, theirs)
    crosswalk = prediction.crosswalks.get(truth.name)
    if crosswalk is None:
        raise NucleusError(
            f"Expected classes that can be compared, got {_named(truth)} in the truth and {_named(prediction)} in the "
            f"prediction. {_remedy(truth, prediction)}"
        )
    there = {name: crosswalk.get(name, "unknown") for name in prediction.classes}
    told = ", ".join(f"{name} → {other}" for name, other in there.items())
    return CommonScheme(truth, mine, there, f"Predicted classes are compared as those of {truth.name}: {told}.")


def merged(schemes: Iterable[ClassScheme]) -> ClassScheme:
    """The scheme of many files: the first's where it is a known one, else of all the classes that the files use."""
    colors: dict[str, str] = {}
    found = "nucleus"
    for kinds in schemes:
        if not colors and kinds.name not in _FOUND:
            return kinds
        if kinds == SCHEMES["nucleus"]:  # a file without classes among others: it is told when it is read
            continue
        found = kinds.name
        colors = dict(zip(kinds.classes, kinds.colors, strict=True)) | colors
    known = next((s for s in SCHEMES.values() if set(s.classes) == set(colors)), None)
    return known or ClassScheme(found, tuple(colors), tuple(colors.values()))


def nuclei_alone(note: str = "") -> CommonScheme:
    """The way to compare nuclei whatever their class."""
    return CommonScheme(SCHEMES["nucleus"], {}, {}, note)


def _lacking(truth: ClassScheme, prediction: ClassScheme) -> str:
    lacking = [side for side, kinds in (("truth", truth), ("prediction", prediction)) if len(kinds) < 2]
    return f"The {lacking[0]} has no classes: nuclei are scored whatever their class." if len(lacking) == 1 else ""


def _renamed(nuclei: NucleusMap, target: ClassScheme, names: Mapping[str, str]) -> NucleusMap:
    if nuclei.scheme.classes == target.classes:
        return nuclei
    table = nuclei.table[[name for name in nuclei.table if not str(name).startswith("p_")]]
    if len(target) == 1:
        return NucleusMap(nuclei.labels, table.assign(**{"class": target.classes[0]}), nuclei.mpp, target)
    odd = sorted(set(table["class"]) - names.keys() - {"unknown"})
    if odd:
        raise NucleusError(
            f"Expected the classes {', '.join(names)} in all files, got {', '.join(odd)}. Score folders of one kind."
        )
    table = table.assign(**{"class": table["class"].map({**names, "unknown": "unknown"}).astype(str)})
    return NucleusMap(nuclei.labels, table.assign(**_probabilities(nuclei, names)), nuclei.mpp, target)


def _probabilities(nuclei: NucleusMap, names: Mapping[str, str]) -> dict[str, pd.Series]:
    """Probabilities under the other names; those of classes that become one are added."""
    columns: dict[str, pd.Series] = {}
    for name, other in names.items():
        if other != "unknown" and f"p_{name}" in nuclei.table:
            column = nuclei.table[f"p_{name}"]
            columns[f"p_{other}"] = columns[f"p_{other}"] + column if f"p_{other}" in columns else column
    return columns


def _remedy(truth: ClassScheme, prediction: ClassScheme) -> str:
    if "classes" in (truth.name, prediction.name):
        return "Say what class numbers mean (--classes)."
    return "Rename the classes of one side, or take them away."


def _named(kinds: ClassScheme) -> str:
    return f"{', '.join(kinds.classes)} ({kinds.name})"
