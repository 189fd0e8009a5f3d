"""Which tags a member's days give, by rules from a file: pure.

::

    schema = "atrium.tags.v1"

    [[tags]]
    tag = "regular"
    within_days = 30
    visits_at_least = 4

    [[tags]]
    tag = "walks:{category}"
    within_days = 30
    minutes_at_least = 15
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from central.insight.places import PASSAGES
from central.store.member_days import MemberDay
from contract.errors import BadInputError
from contract.files import read_toml

TAGS_SCHEMA = "atrium.tags.v1"
EACH = "{category}"
"""In a tag's name: the rule is asked of every category, and gives a tag for each that meets it."""
MOST_TAGS = 100

Days = Annotated[int, Meta(ge=1, le=400)]
Visits = Annotated[int, Meta(ge=1, le=400)]
Shops = Annotated[float, Meta(ge=0, le=1000)]


class TagRule(msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """A tag, and all that must hold of a member's days for it. A visit is a day on which they came.

    Attributes:
        tag: its name; with ``{category}`` in it one for every category of shop.
        within_days: only the last so many days count, today included; without it all that are kept.
        visits_at_least: days on which they came; of a rule about a category, on which they were there.
        visits_at_most: the same.
        first_within_days: their first day is at most so many days ago.
        absent_days: their last day is at least so many days ago.
        category: of shop that ``minutes_at_least`` and visits are about.
        minutes_at_least: spent there in all.
        shops_at_least: different shops a visit, on average.
        shops_at_most: fewer than so many; bounds of neighbouring tags may so be the same number.
    """

    tag: Annotated[str, Meta(pattern=r"^[a-z0-9{][a-z0-9:+_{}-]{0,63}$")]
    within_days: Days | None = None
    visits_at_least: Visits = 1
    visits_at_most: Visits | None = None
    first_within_days: Days | None = None
    absent_days: Days | None = None
    category: str = ""
    minutes_at_least: Annotated[float, Meta(gt=0, le=100_000)] | None = None
    shops_at_least: Shops | None = None
    shops_at_most: Annotated[float, Meta(gt=0, le=1000)] | None = None


class TagsFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The tags file."""

    schema: str
    tags: Annotated[list[TagRule], Meta(min_length=1, max_length=MOST_TAGS)]


DEFAULT_RULES = (
    TagRule("new", visits_at_most=2, first_within_days=30),
    TagRule("regular", within_days=30, visits_at_least=4),
    TagRule("dormant", absent_days=60),
    TagRule("monthly:1", within_days=30, visits_at_most=1),
    TagRule("monthly:2-3", within_days=30, visits_at_least=2, visits_at_most=3),
    TagRule("monthly:4-7", within_days=30, visits_at_least=4, visits_at_most=7),
    TagRule("monthly:8+", within_days=30, visits_at_least=8),
    TagRule("walks:{category}", within_days=30, minutes_at_least=15),
    TagRule("shops:few", within_days=90, visits_at_least=2, shops_at_most=3),
    TagRule("shops:many", within_days=90, visits_at_least=2, shops_at_least=6),
)
"""In force where no file says otherwise; a mall's own file takes the place of all of them."""


@dataclass(frozen=True, slots=True)
class TagRules:
    """Rules, and the categories of the site's shops that those with ``{category}`` are asked of."""

    rules: Sequence[TagRule]
    categories: Sequence[str]

    def tags_of(self, days: Sequence[MemberDay], today: date) -> frozenset[str]:
        """The tags that these days give.

        Args:
            days: of one member, oldest first; those after ``today`` do not count.
            today: of the site.
        """
        dated = [(date.fromisoformat(one.day), one) for one in days]
        known = [(day, one) for day, one in dated if day <= today]
        if not known:
            return frozenset()
        found = set()
        for rule in self.rules:
            for category in self.categories if EACH in rule.tag else (rule.category,):
                if _holds(rule, category, known, today):
                    found.add(rule.tag.replace(EACH, category))
        return frozenset(found)


def _holds(rule: TagRule, category: str, days: Sequence[tuple[date, MemberDay]], today: date) -> bool:
    if rule.first_within_days is not None and (today - days[0][0]).days > rule.first_within_days:
        return False
    if rule.absent_days is not None and (today - days[-1][0]).days < rule.absent_days:
        return False
    since = date.min if rule.within_days is None else today - timedelta(days=rule.within_days - 1)
    counted = [one for day, one in days if day >= since]
    there = [one for one in counted if one.seconds.get(category, 0.0) > 0] if category else counted
    if len(there) < rule.visits_at_least or (rule.visits_at_most is not None and len(there) > rule.visits_at_most):
        return False
    minutes = sum(one.seconds.get(category, 0.0) for one in there) / 60
    if rule.minutes_at_least is not None and minutes < rule.minutes_at_least:
        return False
    shops = sum(one.shops for one in counted) / max(len(counted), 1)
    return (rule.shops_at_least is None or shops >= rule.shops_at_least) and (
        rule.shops_at_most is None or shops < rule.shops_at_most
    )


def load_rules(path: Path | None, categories: Collection[str]) -> TagRules:
    """The rules of the file, or those that come with Atrium.

    Args:
        path: of the tags file.
        categories: of the site's zones.

    Raises:
        BadInputError: naming the file, the tag, the field and the mend.
    """
    shops = sorted(category for category in set(categories) if category and category.lower() not in PASSAGES)
    if path is None:
        return TagRules(DEFAULT_RULES, shops)
    found = read_toml(path, TagsFile)
    if found.schema != TAGS_SCHEMA:
        raise BadInputError(f"{path}: schema is {found.schema!r}; this version reads {TAGS_SCHEMA!r}")
    seen: set[str] = set()
    for rule in found.tags:
        if rule.tag in seen:
            raise BadInputError(f"{path}: tag {rule.tag!r}: tag: stands twice; give each its own name")
        seen.add(rule.tag)
        if wrong := _fault(rule, shops):
            raise BadInputError(f"{path}: tag {rule.tag!r}: {wrong}")
    return TagRules(tuple(found.tags), shops)


def _fault(rule: TagRule, categories: Sequence[str]) -> str:
    """What is wrong with a rule, field first; empty where nothing is."""
    plain, each = rule.tag.replace(EACH, ""), EACH in rule.tag
    most, least = rule.shops_at_most, rule.shops_at_least
    checks = (
        ("{" in plain or "}" in plain, "tag: only {category} may stand in braces; write it so or take the braces out"),
        (
            msgspec.structs.replace(rule, tag="") == TagRule(""),
            "it asks for nothing; give it a condition such as visits_at_least",
        ),
        (each and rule.category != "", "category: the name asks for every category already; take one of them out"),
        (
            rule.category != "" and rule.category not in categories,
            f"category: no shop of the site is {rule.category!r}; it has {', '.join(categories) or 'none'}",
        ),
        (
            rule.minutes_at_least is not None and not (each or rule.category),
            "minutes_at_least: needs a category, or {category} in the tag's name",
        ),
        (
            rule.visits_at_most is not None and rule.visits_at_most < rule.visits_at_least,
            f"visits_at_most: is below visits_at_least ({rule.visits_at_least}); swap or widen them",
        ),
        (most is not None and least is not None and most <= least, "shops_at_most: is not above shops_at_least"),
        (
            rule.absent_days is not None and rule.within_days is not None and rule.absent_days >= rule.within_days,
            "absent_days: nobody came within_days and was away as long; give one of them",
        ),
    )
    return next((words for is_wrong, words in checks if is_wrong), "")
