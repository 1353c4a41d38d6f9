from .build import NucleusGraph as NucleusGraph
from .build import build_graph as build_graph
from .classifier import GraphClassifier as GraphClassifier
from .prompts import describe as describe
from .shapes import nucleus_shapes as nucleus_shapes
from .text import ClipText as ClipText
