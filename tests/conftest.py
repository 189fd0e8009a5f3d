"""No property has a time limit: its first example may compile a kernel. Who asks over HTTP has a minute."""

from __future__ import annotations

from httpx import _config
from hypothesis import settings

PATIENCE_S = 60.0
"""httpx's five seconds are too short where a test beside this one has both cores; our own programs name their times."""

settings.register_profile("atrium", deadline=None)
settings.load_profile("atrium")
for _part in ("connect", "read", "write", "pool"):
    setattr(_config.DEFAULT_TIMEOUT_CONFIG, _part, PATIENCE_S)
