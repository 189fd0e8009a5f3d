"""Signs and notices print on one sheet of A4 each, say the same in both languages, and what they promise is so."""

from __future__ import annotations

import re
from pathlib import Path

import pypdfium2
import pytest

from central.config import RetentionFile
from tests.chromium import chromium
from tests.shared_data import ROOT

FOLDER = ROOT / "docs" / "signage"
PAGES = sorted(FOLDER.glob("*.html"))
A4_PT = (595, 842)


def fills(page: Path) -> set[str]:
    return set(re.findall(r'data-fill="([\w-]+)"', page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("kind", ["sign", "notice"])
def test_both_languages_have_the_same_places_to_fill_in(kind: str) -> None:
    assert fills(FOLDER / f"{kind}-en.html") == fills(FOLDER / f"{kind}-zh.html")
    assert len(fills(FOLDER / f"{kind}-en.html")) >= 5


@pytest.mark.parametrize("language", ["en", "zh"])
def test_terms_are_those_that_central_keeps_to(language: str) -> None:
    told = re.findall(r'data-days="(\w+)">(\d+)', (FOLDER / f"notice-{language}.html").read_text(encoding="utf-8"))
    assert len(told) == 6
    defaults = RetentionFile()
    for name, number in told:
        assert getattr(defaults, name) == int(number)


def test_each_prints_on_one_sheet_with_nothing_cut_off(tmp_path: Path) -> None:
    assert [page.stem for page in PAGES] == ["notice-en", "notice-zh", "sign-en", "sign-zh"]
    with chromium() as browser:
        for page in PAGES:
            tab = browser.new_page()
            tab.goto(page.as_uri())
            over = tab.evaluate("(m => m.scrollHeight - m.clientHeight)(document.querySelector('main'))")
            wide = tab.evaluate("(m => m.scrollWidth - m.clientWidth)(document.querySelector('main'))")
            tab.pdf(path=str(tmp_path / f"{page.stem}.pdf"), prefer_css_page_size=True, print_background=True)
            tab.close()
            assert (over, wide) == (0, 0), page.stem
            with pypdfium2.PdfDocument(tmp_path / f"{page.stem}.pdf") as printed:
                assert len(printed) == 1
                assert tuple(map(round, printed[0].get_size())) == pytest.approx(A4_PT, abs=1)


def test_they_fetch_nothing() -> None:
    for page in PAGES:
        assert "http" not in page.read_text(encoding="utf-8").replace("http-equiv", "")
