"""Reviewing nuclei: the most doubtful first, learning from each correction, and when to stop. No Qt, no napari."""

from napari_nucleus.app.review.background import BackgroundLearner
from napari_nucleus.app.review.court import Court, Verdict
from napari_nucleus.app.review.doubt import Doubt, Evidence, atypicality, disagreement, doubt, mixed
from napari_nucleus.app.review.filters import ReviewFilter
from napari_nucleus.app.review.items import ReviewItems
from napari_nucleus.app.review.learner import Learned, Learner
from napari_nucleus.app.review.queue import QueueProgress, ReviewQueue
from napari_nucleus.app.review.session import Advice, ReviewSession
from napari_nucleus.app.review.stopping import RemainingError, Stopping

__all__ = [
    "Advice",
    "BackgroundLearner",
    "Court",
    "Doubt",
    "Evidence",
    "Learned",
    "Learner",
    "QueueProgress",
    "RemainingError",
    "ReviewFilter",
    "ReviewItems",
    "ReviewQueue",
    "ReviewSession",
    "Stopping",
    "Verdict",
    "atypicality",
    "disagreement",
    "doubt",
    "mixed",
]
