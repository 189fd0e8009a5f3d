"""The package of a small program in two versions, made once for the modules that install it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.clean_root import skip_without_layers
from tests.packaging.small_package import SMALL_PROGRAM, build
from tests.shared_data import ROOT


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions 0.1.0 and 0.1.1, from a repository of what a package is made from."""
    place = tmp_path_factory.mktemp("packages")
    skip_without_layers(place)
    for name in ("debian", "systemd", "docs", "scripts"):
        shutil.copytree(ROOT / name, place / "tree" / name)
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md"):
        shutil.copy2(ROOT / name, place / "tree" / name)
    (place / "tree" / "debian" / "environment").write_text(SMALL_PROGRAM, encoding="utf-8")
    git = ["git", "-C", str(place / "tree"), "-c", "user.name=test", "-c", "user.email=test@localhost"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "small"]):
        subprocess.run([*git, *arguments], check=True)
    for version in ("0.1.0", "0.1.1"):
        build(place, version, place / "out")
    return place / "out"
