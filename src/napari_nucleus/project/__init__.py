"""Annotation projects: images, their nuclei and a journal of every correction, in one SQLite database."""

from napari_nucleus.project.changes import OvertakenError
from napari_nucleus.project.classes import ProjectClass
from napari_nucleus.project.edit import Edit, SchemeEdit
from napari_nucleus.project.images import ImageEntry
from napari_nucleus.project.nuclei import Provenance, ReviewState, Row
from napari_nucleus.project.patches import ProjectPatches
from napari_nucleus.project.project import Project

__all__ = [
    "Edit",
    "ImageEntry",
    "OvertakenError",
    "Project",
    "ProjectClass",
    "ProjectPatches",
    "Provenance",
    "ReviewState",
    "Row",
    "SchemeEdit",
]
