"""Annotation projects: images, their nuclei and a journal of every correction, in one SQLite database."""

from napari_nucleus.project.edit import Edit
from napari_nucleus.project.nuclei import Provenance, ReviewState, Row
from napari_nucleus.project.patches import ProjectPatches
from napari_nucleus.project.project import Overtaken, Project

__all__ = ["Edit", "Overtaken", "Project", "ProjectPatches", "Provenance", "ReviewState", "Row"]
