"""Annotation projects: images, their nuclei and a journal of every correction, in one SQLite database."""

from napari_nucleus.project.edit import Edit
from napari_nucleus.project.nuclei import Provenance, ReviewState
from napari_nucleus.project.patches import ProjectPatches
from napari_nucleus.project.project import Project

__all__ = ["Edit", "Project", "ProjectPatches", "Provenance", "ReviewState"]
