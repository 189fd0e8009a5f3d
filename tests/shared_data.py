"""Where the real footage and annotations lie; tests that need them skip where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("ATRIUM_SHARED", ROOT.parent / "shared" / "data"))


def shared(*parts: str) -> Path:
    """Path below the shared data, or a skip with one clear line."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"real data absent: {'/'.join(parts)} (set ATRIUM_SHARED to the data folder)")
    return path
