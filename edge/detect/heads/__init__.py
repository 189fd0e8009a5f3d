"""What detectors answer, recognised from the graph itself, and how to read people from it: one file a family."""

from edge.detect.heads.graph import Graph
from edge.detect.heads.head import Head, Preprocessing
from edge.detect.heads.recognise import FAMILIES, recognise_head
from edge.detect.heads.yolox import grid_cells

__all__ = ["FAMILIES", "Graph", "Head", "Preprocessing", "grid_cells", "recognise_head"]
