"""The page for the mall's IT says what is so: its files are read, its rules are those that come with us."""

from __future__ import annotations

import re
from pathlib import Path

from central.members.mapping import load_mapping
from central.members.table import open_table
from central.members.tags import DEFAULT_RULES, load_rules
from tests.central.mall import ROOT

PAGE = (ROOT / "docs" / "members.md").read_text(encoding="utf-8")


def test_the_files_on_the_page_are_read(tmp_path: Path) -> None:
    mapping, tags = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "mapping.toml").write_text(mapping, encoding="utf-8")
    (tmp_path / "tags.toml").write_text(tags, encoding="utf-8")
    found = load_mapping(tmp_path / "mapping.toml")
    assert [one.purpose for one in found.consents] == ["offers", "journey"]
    assert len(load_rules(tmp_path / "tags.toml", ["fashion", "dining"]).rules) == 6
    (tmp_path / "members.csv").write_text(";".join(found.titles) + "\n", encoding="utf-8")
    assert list(open_table(tmp_path / "members.csv", found.titles).rows()) == []


def test_every_rule_that_comes_with_us_is_named() -> None:
    assert [rule.tag for rule in DEFAULT_RULES if f"`{rule.tag}`" not in PAGE] == []
