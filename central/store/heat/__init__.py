"""Heat: who spent how long in which half metre of a floor, folded from positions by minute and quarter hour."""

from central.store.heat.folding import fold
from central.store.heat.reading import CellHeat, cells

__all__ = ["CellHeat", "cells", "fold"]
