"""Class schemes: the names of nucleus classes, their colours and keys, and the way from one scheme to another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from napari_nucleus.core.errors import NucleusError

# Okabe and Ito (2008): told apart with every common colour blindness.
_ORANGE, _SKY, _GREEN, _YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
_BLUE, _VERMILION, _PURPLE, _GREY = "#0072B2", "#D55E00", "#CC79A7", "#999999"
_PALETTE = (_ORANGE, _SKY, _GREEN, _VERMILION, _PURPLE, _BLUE, _YELLOW, _GREY)
_COLOR = re.compile("#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class ClassScheme:
    """Classes of nuclei, in the order of their numbers.

    Attributes
    ----------
    name : str
    classes : tuple of str
        Class 1 first; 0 is background or "not known".
    colors : tuple of str
        ``#RRGGBB`` of each class.
    crosswalks : mapping
        Scheme name to a mapping of this scheme's class names to that one's; by name, never by number. A class that is
        left out has no counterpart.

    Raises
    ------
    NucleusError
        Colours and classes differ in number, or a class name repeats.
    """

    name: str
    classes: tuple[str, ...]
    colors: tuple[str, ...]
    crosswalks: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if len(self.classes) != len(self.colors) or len(set(self.classes)) != len(self.classes):
            raise NucleusError(
                f"Expected one colour for each of the different classes {self.classes}, got {self.colors}. "
                "Give as many colours as classes."
            )

    def __len__(self) -> int:
        return len(self.classes)

    def name_of(self, number: int) -> str:
        """Name of class ``number``; ``"unknown"`` for 0."""
        return self.classes[number - 1] if number else "unknown"

    def number_of(self, name: str) -> int:
        """Number of a class; 0 for ``"unknown"``.

        Raises
        ------
        NucleusError
            The scheme has no such class.
        """
        if name == "unknown":
            return 0
        if name not in self.classes:
            raise NucleusError(
                f"Expected a class of {self.name} ({', '.join(self.classes)}), got {name!r}. Choose one of those."
            )
        return self.classes.index(name) + 1

    def key_of(self, number: int) -> str:
        """The key that sets class ``number``: its digit, then 0, then Shift and a digit."""
        if number <= 10:
            return str(number % 10)
        return f"Shift-{number - 10}"

    def crosswalk_to(self, target: ClassScheme) -> dict[int, int]:
        """Class numbers of this scheme to those of another; classes without counterpart map to 0.

        Raises
        ------
        NucleusError
            No crosswalk to that scheme is known.
        """
        names = {c: c for c in self.classes} if target.name == self.name else self.crosswalks.get(target.name)
        if names is None:
            raise NucleusError(
                f"Expected a crosswalk from {self.name} to {target.name}, got none. Add one to the scheme's crosswalks."
            )
        return {i + 1: target.number_of(names[c]) if c in names else 0 for i, c in enumerate(self.classes)}


SCHEMES: dict[str, ClassScheme] = {
    s.name: s
    for s in (
        ClassScheme(
            "consep",
            ("other", "inflammatory", "epithelial", "spindle-shaped"),
            (_GREY, _SKY, _VERMILION, _GREEN),
            {
                "msa3": {"inflammatory": "immune", "epithelial": "tumor", "spindle-shaped": "stroma"},
            },
        ),
        ClassScheme(
            "pannuke",
            ("neoplastic", "inflammatory", "connective", "dead", "epithelial"),
            (_VERMILION, _SKY, _GREEN, _YELLOW, _ORANGE),
            {
                "consep": {
                    "neoplastic": "epithelial",
                    "inflammatory": "inflammatory",
                    "connective": "spindle-shaped",
                    "dead": "other",
                    "epithelial": "epithelial",
                },
                "msa3": {"neoplastic": "tumor", "inflammatory": "immune", "connective": "stroma"},
            },
        ),
        ClassScheme(
            "monusac",
            ("epithelial", "lymphocyte", "neutrophil", "macrophage"),
            (_ORANGE, _SKY, _PURPLE, _BLUE),
            {
                "consep": {
                    "epithelial": "epithelial",
                    "lymphocyte": "inflammatory",
                    "neutrophil": "inflammatory",
                    "macrophage": "inflammatory",
                },
                "refined7": {
                    "epithelial": "epithelial",
                    "lymphocyte": "lymphocyte",
                    "neutrophil": "neutrophil",
                    "macrophage": "macrophage",
                },
                "msa3": {"lymphocyte": "immune", "neutrophil": "immune", "macrophage": "immune"},
            },
        ),
        ClassScheme(
            "lizard",
            ("neutrophil", "epithelial", "lymphocyte", "plasma", "eosinophil", "connective"),
            (_PURPLE, _ORANGE, _SKY, _BLUE, _YELLOW, _GREEN),
            {
                "consep": {
                    "neutrophil": "inflammatory",
                    "epithelial": "epithelial",
                    "lymphocyte": "inflammatory",
                    "plasma": "inflammatory",
                    "eosinophil": "inflammatory",
                    "connective": "spindle-shaped",
                },
                "msa3": {
                    "neutrophil": "immune",
                    "lymphocyte": "immune",
                    "plasma": "immune",
                    "eosinophil": "immune",
                    "connective": "stroma",
                },
            },
        ),
        ClassScheme(
            "refined7",
            ("neoplastic", "epithelial", "lymphocyte", "neutrophil", "macrophage", "dead", "connective"),
            (_VERMILION, _ORANGE, _SKY, _PURPLE, _BLUE, _YELLOW, _GREEN),
            {
                "pannuke": {
                    "neoplastic": "neoplastic",
                    "epithelial": "epithelial",
                    "lymphocyte": "inflammatory",
                    "neutrophil": "inflammatory",
                    "macrophage": "inflammatory",
                    "dead": "dead",
                    "connective": "connective",
                },
                "msa3": {
                    "neoplastic": "tumor",
                    "lymphocyte": "immune",
                    "neutrophil": "immune",
                    "macrophage": "immune",
                    "connective": "stroma",
                },
            },
        ),
        ClassScheme("msa3", ("tumor", "stroma", "immune"), (_VERMILION, _GREEN, _SKY)),
        ClassScheme(
            "nucls",
            ("tumor", "nonTIL stromal", "sTIL", "other"),
            (_VERMILION, _GREEN, _SKY, _GREY),
            {"msa3": {"tumor": "tumor", "nonTIL stromal": "stroma", "sTIL": "immune"}},
        ),
        ClassScheme("nucleus", ("nucleus",), (_ORANGE,)),
    )
}


def scheme(name: str | ClassScheme) -> ClassScheme:
    """A class scheme by name; a scheme is returned as it is.

    Raises
    ------
    NucleusError
        There is no such scheme; the message names those that exist.

    Examples
    --------
    >>> scheme("consep").number_of("epithelial")
    3
    """
    if isinstance(name, ClassScheme):
        return name
    if name not in SCHEMES:
        raise NucleusError(f"Expected a class scheme ({', '.join(SCHEMES)}), got {name!r}. Choose one of those.")
    return SCHEMES[name]


def own_scheme(name: str, classes: Sequence[str], colors: Sequence[str] = ()) -> ClassScheme:
    """A user's own classes.

    Parameters
    ----------
    name : str
        Not that of a known scheme, unless the classes are that scheme's, too.
    classes : sequence of str
    colors : sequence of str
        ``#RRGGBB`` of the first classes; the others get colours that are not taken yet, as long as there are any.

    Raises
    ------
    NucleusError
        The name is another scheme's, a class is empty, repeats or is called ``unknown`` or ``background``, or a colour
        is none.

    Examples
    --------
    >>> own_scheme("mine", ["plasma cell", "mitosis"], ["#112233"]).colors
    ('#112233', '#E69F00')
    """
    if name in SCHEMES and SCHEMES[name].classes != tuple(classes):
        raise NucleusError(f"Expected a name of its own for {', '.join(classes)}, got {name!r}. Choose another name.")
    if not classes or {"", "unknown", "background"} & {c.strip() for c in classes}:
        raise NucleusError(
            f"Expected names of classes other than 'unknown' and 'background', got {list(classes)}. Name each class."
        )
    odd = [c for c in colors if not _COLOR.fullmatch(c)]
    if odd:
        raise NucleusError(f"Expected colours as #RRGGBB, got {odd[0]!r}. Correct it.")
    free = [c for c in _PALETTE if c not in colors] or _PALETTE
    more = (free[i % len(free)] for i in range(len(classes) - len(colors)))
    return ClassScheme(name, tuple(classes), (*colors, *more))


def numbered_scheme(n_classes: int) -> ClassScheme:
    """A scheme ``class_1``, ``class_2``, … for classes that nothing is known of.

    Examples
    --------
    >>> numbered_scheme(2).classes
    ('class_1', 'class_2')
    """
    palette = SCHEMES["refined7"].colors
    colors = tuple(palette[i % len(palette)] for i in range(n_classes))
    return ClassScheme("classes", tuple(f"class_{i + 1}" for i in range(n_classes)), colors)
