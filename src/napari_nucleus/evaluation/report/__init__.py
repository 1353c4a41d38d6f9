"""The report of an evaluation: one HTML page that needs nothing else."""

from napari_nucleus.evaluation.report.page import write_report

__all__ = ["write_report"]
