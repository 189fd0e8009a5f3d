"""A small program in the place of the real one, so that a package of it takes seconds to make."""

from __future__ import annotations

import subprocess
from pathlib import Path

SMALL_PROGRAM = """#!/bin/sh
# A program in the place of the real one.
set -eu
mkdir -p "$2/bin" "$2/lib/python3.11/site-packages"
printf '#!/bin/sh\\necho "atrium %s"\\n' "$(sed -n 's/^version = "\\(.*\\)"$/\\1/p' pyproject.toml)" > "$2/bin/atrium"
chmod +x "$2/bin/atrium"
ln -s "$1" "$2/bin/python3"
"""


def build(place: Path, version: str, out: Path) -> None:
    """Makes the packages of a version."""
    command = [str(place / "tree" / "scripts" / "package"), "--version", version, "--out", str(out)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
