"""Both languages say the same things; figures are written the same everywhere."""

from __future__ import annotations

import re
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.insight.figure import FEW, SILENT, Figure, count_figure, share_figure
from central.pages.figure import Figures
from central.pages.frame import PLACES
from central.pages.i18n import LANGUAGES, Phrase, catalogue, language_of, words
from contract.tokens import ROLES
from tests.shared_data import ROOT

PAGES = ROOT / "central" / "pages"


def texts(phrase: Phrase) -> list[str]:
    return [phrase] if isinstance(phrase, str) else list(phrase.values())


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_hold_the_same_keys_with_the_same_names() -> None:
    english, chinese = catalogue("en"), catalogue("zh")
    assert {table: set(found) for table, found in english.items()} == {
        table: set(found) for table, found in chinese.items()
    }
    differing = [
        f"{table}.{key}"
        for table, found in english.items()
        for key, phrase in found.items()
        if {frozenset(names(text) | ({"n"} & names(texts(phrase)[-1]))) for text in texts(phrase)}
        != {frozenset(names(text)) for text in texts(chinese[table][key])}
    ]
    assert differing == []


def test_no_text_is_empty_and_chinese_is_chinese() -> None:
    same = []
    for table, found in catalogue("zh").items():
        for key, phrase in found.items():
            for text in texts(phrase):
                assert text.strip(), f"{table}.{key}"
                plain = re.sub(r"\{\w+\}", "", text)
                if re.search(r"[A-Za-z]{4}", plain) and not re.search(r"[\u4e00-\u9fff]", plain):
                    same.append(f"{table}.{key}")
    assert same == []


def test_every_key_that_the_pages_name_is_there_and_every_text_is_used() -> None:
    source = "\n".join(
        path.read_text("utf-8") for path in [*PAGES.rglob("*.py"), *PAGES.rglob("*.js"), *PAGES.rglob("*.html")]
    )
    named = set(re.findall(r"""["'`]([a-z_]+\.[a-z_0-9]+)["'`]""", source))
    tables = catalogue("en")
    missing = {key for key in named if key.split(".")[0] in tables and not words("en").has(key)}
    assert {key for key in missing if not key.endswith((".js", ".css"))} == set()
    for role in ROLES:
        assert words("zh").has(f"roles.{role}")
    for place in PLACES:
        assert words("zh").has(f"frame.{place}")


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (0.4, "0 s", "0 秒"),
        (59.6, "1 min", "1 分"),
        (200, "3 min 20 s", "3 分 20 秒"),
        (1000, "17 min", "17 分"),
        (3600, "1 h", "1 小时"),
        (86_400 * 3, "3 days", "3 天"),
    ],
)
def test_durations_read_naturally(seconds: float, english: str, chinese: str) -> None:
    assert words("en").duration(seconds) == english
    assert words("zh").duration(seconds) == chinese


@given(st.text(max_size=80))
def test_any_header_gives_a_language(header: str) -> None:
    assert language_of({"atrium_language": header}, header) in LANGUAGES


def test_a_figure_says_its_interval_and_n_or_why_it_is_withheld() -> None:
    english, chinese = Figures(words("en"), 5), Figures(words("zh"), 5)
    assert (english.text(count_figure(132, 2)), english.details(count_figure(132, 2))) == ("132", "±2, n = 132")
    share = share_figure(31, 100)
    assert english.html(share, "share") == (
        '<span class="figure" title="23% to 41%, n = 100"><b>31%</b>'
        ' <small><span class="interval">23% to 41%</span><span class="n">, n = 100</span></small></span>'
    )
    assert english.text(FEW) == "fewer than 5"
    assert chinese.text(FEW) == "少于 5 人"
    assert "unknown" in english.html(SILENT)
    assert english.html(Figure(380.0, 40, 360.0, 400.0), "seconds").count("6.0 to 6.7 min") == 2
