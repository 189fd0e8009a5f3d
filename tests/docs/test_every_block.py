"""No command on a page that nobody runs: each is walked by a test, or the list of those that are not says why."""

from __future__ import annotations

import pytest

from tests.docs.pages import FENCED, NOT_RUN, PAGES, WALKED, Page, lines_of, shell_blocks, why_not
from tests.shared_data import ROOT

TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}
LINES = {name: [line for block in shell_blocks(text) for line in lines_of(block)] for name, text in TEXTS.items()}


@pytest.mark.parametrize("name", PAGES)
def test_every_fence_says_what_is_in_it(name: str) -> None:
    assert [hit["text"] for hit in FENCED.finditer(TEXTS[name]) if not hit["language"]] == [], "```sh or ```text?"


@pytest.mark.parametrize("name", PAGES)
def test_every_line_is_run_or_said_not_to_be(name: str) -> None:
    to_run = [line for line in LINES[name] if why_not(name, line) is None]
    assert bool(to_run) == (name in WALKED), f"{name}: who runs {to_run}?"
    if name in WALKED:
        assert f'"{name}"' in (ROOT / WALKED[name]).read_text(encoding="utf-8"), f"{WALKED[name]} does not read it"


def test_the_list_holds_nothing_that_is_not_there() -> None:
    for name, reasons in NOT_RUN.items():
        for start in reasons:
            assert any(line.startswith(start) for line in LINES[name]), f"{name}: {start}"


def test_a_page_that_is_not_walked_to_its_end_is_seen() -> None:
    page = Page("coupons.md")
    with pytest.raises(AssertionError, match="the next block is"):
        page.take("atrium central revoke")
    page.take("atrium central token")
    assert page.left == []
    with pytest.raises(AssertionError, match="no block any more"):
        page.take("atrium")
