"""Rules that give tags: what each asks, and what a file must not say."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from central.members.tags import DEFAULT_RULES, TagRule, TagRules, load_rules
from central.store.member_days import MemberDay
from contract.errors import BadInputError

TODAY = date(2026, 6, 1)
CATEGORIES = ["fashion", "dining", "circulation"]


def days(*ago: int, seconds: float = 600.0, category: str = "fashion", shops: int = 2) -> list[MemberDay]:
    dates = sorted(TODAY - timedelta(days=one) for one in ago)
    return [MemberDay("M-1", day.isoformat(), {category: seconds}, shops, seconds) for day in dates]


def tags(rule: TagRule, known: list[MemberDay]) -> set[str]:
    return set(TagRules((rule,), ["dining", "fashion"]).tags_of(known, TODAY))


@pytest.mark.parametrize(
    ("rule", "known", "given"),
    [
        (TagRule("x", visits_at_least=2), days(0, 400), True),
        (TagRule("x", visits_at_least=2, within_days=30), days(0, 29), True),
        (TagRule("x", visits_at_least=2, within_days=30), days(0, 30), False),
        (TagRule("x", visits_at_most=1), days(0, 1), False),
        (TagRule("x", first_within_days=30), days(0, 30), True),
        (TagRule("x", first_within_days=30), days(0, 31), False),
        (TagRule("x", absent_days=60), days(60, 90), True),
        (TagRule("x", absent_days=60), days(59), False),
        (TagRule("x", category="fashion", minutes_at_least=20), days(0, 1), True),
        (TagRule("x", category="fashion", minutes_at_least=20.1), days(0, 1), False),
        (TagRule("x", category="dining", visits_at_least=1), days(0), False),
        (TagRule("x", shops_at_least=2), days(0, 1), True),
        (TagRule("x", shops_at_most=2), days(0, 1), False),
        (TagRule("x", visits_at_most=3), [], False),
        (TagRule("x", visits_at_most=3), days(-1), False),
    ],
)
def test_each_condition_has_its_edge(rule: TagRule, known: list[MemberDay], given: bool) -> None:
    assert tags(rule, known) == ({"x"} if given else set())


def test_a_rule_of_each_category_gives_a_tag_for_each_that_meets_it() -> None:
    rule = TagRule("walks:{category}", minutes_at_least=5)
    assert tags(rule, days(0) + days(0, category="dining", seconds=60)) == {"walks:fashion"}


def test_the_rules_that_come_with_us_tell_new_regular_and_dormant_apart() -> None:
    rules = TagRules(DEFAULT_RULES, ["fashion"])
    assert rules.tags_of(days(0), TODAY) == {"new", "monthly:1"}
    assert rules.tags_of(days(0, 3, 7, 12, seconds=300), TODAY) == {
        "regular",
        "monthly:4-7",
        "walks:fashion",
        "shops:few",
    }
    assert rules.tags_of(days(60, 70), TODAY) == {"dormant", "shops:few"}


def write(folder: Path, body: str) -> Path:
    path = folder / "tags.toml"
    path.write_text('schema = "atrium.tags.v1"\n' + body, encoding="utf-8")
    return path


def test_a_file_takes_the_place_of_all_rules(tmp_path: Path) -> None:
    rules = load_rules(write(tmp_path, '[[tags]]\ntag = "often"\nvisits_at_least = 1\nwithin_days = 7\n'), CATEGORIES)
    assert rules.tags_of(days(0), TODAY) == {"often"}
    assert rules.categories == ["dining", "fashion"]
    assert load_rules(None, CATEGORIES).rules == DEFAULT_RULES


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "tags"),
        ('[[tags]]\ntag = "a"', "asks for nothing"),
        ('[[tags]]\ntag = "A"\nvisits_at_least = 2', "tag"),
        ('[[tags]]\ntag = "a"\nvisit_at_least = 2', "visit_at_least"),
        ('[[tags]]\ntag = "a"\nvisits_at_least = 0', "visits_at_least"),
        ('[[tags]]\ntag = "a"\nvisits_at_least = 3\nvisits_at_most = 2', "visits_at_most"),
        ('[[tags]]\ntag = "a"\nminutes_at_least = 2', "needs a category"),
        ('[[tags]]\ntag = "a"\ncategory = "fasion"', "fasion"),
        ('[[tags]]\ntag = "a"\ncategory = "circulation"', "circulation"),
        ('[[tags]]\ntag = "{category}"\ncategory = "fashion"', "take one of them out"),
        ('[[tags]]\ntag = "a{b}"\nvisits_at_least = 2', "braces"),
        ('[[tags]]\ntag = "a"\nshops_at_least = 3\nshops_at_most = 3', "shops_at_most"),
        ('[[tags]]\ntag = "a"\nabsent_days = 60\nwithin_days = 30', "absent_days"),
        ('[[tags]]\ntag = "a"\nvisits_at_least = 2\n[[tags]]\ntag = "a"\nvisits_at_least = 3', "twice"),
        ('[[tags]\ntag = "a"', "not TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_field_and_mend(tmp_path: Path, body: str, words: str) -> None:
    with pytest.raises(BadInputError) as refused:
        load_rules(write(tmp_path, body), CATEGORIES)
    assert words in str(refused.value)
    assert "tags.toml" in str(refused.value)


def test_another_schema_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tags.toml"
    path.write_text('schema = "atrium.tags.v2"\n[[tags]]\ntag = "a"\nvisits_at_least = 2\n', encoding="utf-8")
    with pytest.raises(BadInputError, match=r"atrium\.tags\.v2"):
        load_rules(path, CATEGORIES)
