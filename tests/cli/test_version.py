"""`atrium --version` says what is installed, and nothing else has to be right for it."""

from __future__ import annotations

import sys
from importlib.metadata import version

import pytest

from cli.main import main


def test_the_version_is_the_installed_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["atrium", "--version", "no-such-command"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code or 0, capsys.readouterr().out) == (0, f"atrium {version('atrium-vision')}\n")
