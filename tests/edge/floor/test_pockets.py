"""What blind ground hangs together, against scipy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from edge.floor.pockets import connected


@given(count=st.integers(1, 40), edges=st.integers(0, 60), seed=st.integers(0, 2**31))
def test_cells_hang_together_as_scipy_says(count, edges, seed):
    pairs = np.random.default_rng(seed).integers(0, count, (edges, 2))
    room = connected(count, pairs)
    graph = coo_array((np.ones(edges), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    theirs = connected_components(graph, directed=False)[1]
    assert ((room[:, None] == room) == (theirs[:, None] == theirs)).all()
    assert (room <= np.arange(count)).all()
