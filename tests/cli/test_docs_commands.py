"""Commands in the pages for users: each `atrium` of a shell block names a command there is, with options it knows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli.main import app
from tests.shared_data import ROOT

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"^(?:\S*/)?atrium +(?P<words>[a-z].*)$")


def _without_other_blocks(page: Path) -> str:
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^```(?!sh$)\w+\n.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def commands(page: Path) -> list[str]:
    """The page's `atrium` commands, lines that go on joined, comments and what follows a pipe left out."""
    found = []
    for block in BLOCK.findall(_without_other_blocks(page)):
        for line in block.replace("\\\n", " ").splitlines():
            hit = COMMAND.match(line.strip().removeprefix("$ "))
            if hit is not None:
                found.append(hit["words"])
    return found


def check(words: list[str]) -> None:
    """Goes down the groups to the command and parses its words; nothing runs."""
    command: Any = typer.main.get_command(app)
    path = "atrium"
    while hasattr(command, "list_commands"):
        assert words, f"{path}: a command is missing"
        try:
            _, inner, _ = command.resolve_command(command.context_class(command), [words[0]])
        except Exception:  # noqa: BLE001 - whatever the library raises for a name that it does not know
            inner = None
        assert inner is not None, f"{path}: no command {words[0]!r}"
        command, path, words = inner, f"{path} {words[0]}", words[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [
        word.partition("=")[0]
        for word in words
        if re.match(r"^--?[a-z]", word) and word.partition("=")[0] not in known | {"--help"}
    ]
    assert not unknown, f"{path}: no option {unknown}; it has {sorted(known)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_are_there(page: Path) -> None:
    for line in commands(page):
        kept = re.split(r" [|>#]| &&| \\$| 2>", line)[0]
        check(shlex.split(kept.replace("[", "").replace("]", "")))


def test_there_are_commands_to_check_and_a_wrong_one_is_seen() -> None:
    assert sum(len(commands(page)) for page in PAGES) > 30
    with pytest.raises(AssertionError, match="no command"):
        check(["cameras", "paint"])
    with pytest.raises(AssertionError, match="no option"):
        check(["cameras", "discover", "--colour", "red"])
