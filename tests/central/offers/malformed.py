"""Examples of malformed campaigns files: the good one with one edit each, and what is to be said of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

GOOD = (Path(__file__).parents[2] / "data" / "campaigns" / "good.toml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Example:
    """The good file with ``old`` as ``new``; the finding stands on the line of ``at``, by default the first of ``new``.

    ``by_hand`` does by hand what a mend without a text to write says: ``old`` and ``new`` again.
    """

    old: str
    new: str
    field: str
    words: str
    at: str = ""
    by_hand: tuple[str, str] | None = None
    is_warning: bool = False

    @property
    def text(self) -> str:
        assert GOOD.count(self.old) >= 1, self.old
        return GOOD.replace(self.old, self.new, 1)

    @property
    def line(self) -> int:
        start = self.text.index(self.at) if self.at else GOOD.index(self.old)
        skipped = len(self.new) - len(self.new.lstrip("\n")) if not self.at else 0
        return self.text[: start + skipped].count("\n") + 1

    def __str__(self) -> str:
        return f"{self.field or 'text'}: {self.new.strip()[:40]!r}"


LUNCH, AFTER, SPENDER, WELCOME, HALL = (f"campaigns[{number}]" for number in range(5))
DWELL = '{ kind = "dwell", category = "fashion", minutes = 10.0, within_minutes = 90 }'
WINDOW = '{ kind = "window", from = "11:00", to = "14:00", days = ["mon", "tue", "wed", "thu", "fri"] }'
CROWD = '{ kind = "crowd", zone = "g/hall", at_least = 20 }'
NTH = '{ kind = "nth_visit", number = 1 }'
VISITS = "at_least = 2, at_most = 20, within_days = 30"

SYNTAX = [
    Example('id = "lunch"', 'id = "lunch', "", "quote", by_hand=('"lunch', '"lunch"')),
    Example("version = 3", "version 3", "", "key = value", by_hand=("version 3", "version = 3")),
    Example("version = 3", "version = three", "", "number", by_hand=("three", "3")),
    Example(
        "version = 3", "version = 3\nversion = 4", "", "remove one", at="version = 4", by_hand=("\nversion = 4", "")
    ),
    Example('[[pools]]\nid = "GIFT"', '[[pools]\nid = "GIFT"', "", "]]", by_hand=("[[pools]\n", "[[pools]]\n")),
    Example("    # more [brackets]", "    more [brackets]", "", "", by_hand=("    more [", "    # more [")),
    Example('coupon = "DINE-15"', "coupon = DINE-15", "", "quotes", by_hand=("= DINE-15", '= "DINE-15"')),
    Example("budget = 200.0", "budget = 200,0", "", "new line", by_hand=("200,0", "200.0")),
]
SHAPE = [
    Example('schema = "atrium.campaigns.v1"', 'schema = "atrium.campaigns.v9"', "schema", "v9"),
    Example('schema = "atrium.campaigns.v1"\n', "", "schema", "missing", at="# A file"),
    Example('currency = "EUR"', 'currency = "euro"', "currency", "EUR"),
    Example('currency = "EUR"', 'curency = "EUR"', "curency", "rename"),
    Example('id = "lunch"', 'id = "lunch time"', f"{LUNCH}.id", "lunch-time"),
    Example('id = "lunch"\n', "", f"{LUNCH}.id", "missing", at="[[campaigns]]"),
    Example("version = 3", 'version = "3"', f"{LUNCH}.version", "text"),
    Example("version = 3", "version = 0", f"{LUNCH}.version", "out of range"),
    Example("version = 3", "version = 2.5", f"{LUNCH}.version", "whole"),
    Example('name = "Lunch after fashion"', "name = 7", f"{LUNCH}.name", "not text"),
    Example('scene = "time_of_day"', 'scene = "time-of-day"', f"{LUNCH}.scene", "time_of_day"),
    Example(
        "wording = 'Two hours of parking, on us'\n", "", f"{AFTER}.wording", "missing", at='[[campaigns]]\nid = "after'
    ),
    Example("wording = 'Two hours of parking, on us'", "wording = ''", f"{AFTER}.wording", "empty"),
    Example('coupon = "PARK-2"', 'cupon = "PARK-2"', f"{AFTER}.cupon", "coupon"),
    Example('channel = "sms"', 'channel = "whatsapp"', f"{AFTER}.channel", "message"),
    Example('once = "week"', 'once = "weekly"', f"{AFTER}.once", "week"),
    Example('once = "week"', "enabled = 1", f"{AFTER}.enabled", "true or false"),
    Example("holdout_percent = 20.0", "holdout_percent = 95", f"{AFTER}.holdout_percent", "90"),
    Example("holdout_percent = 20.0", 'holdout_percent = "20%"', f"{AFTER}.holdout_percent", "not a number"),
    Example("holdout_percent = 20.0", "holdout_percent = nan", f"{AFTER}.holdout_percent", "nan"),
    Example("caps.per_day = 200", "caps.per_day = 0", f"{LUNCH}.caps.per_day", "out of range"),
    Example("caps.per_day = 200", "caps.a_day = 200", f"{LUNCH}.caps.a_day", "per_day"),
    Example('from = "22:00"\nto = "09:00"', 'from = "22:00"', f"{LUNCH}.quiet.to", "missing", at="[campaigns.quiet]"),
    Example('from = "22:00"\nto', 'from = "22.00"\nto', f"{LUNCH}.quiet.from", "22:00"),
    Example('from = "11:00"', "from = 11:00:00", f"{LUNCH}.conditions[0].from", "between quotes"),
    Example('to = "14:00", days', 'to = "25:00", days', f"{LUNCH}.conditions[0].to", "25:00"),
    Example('["mon", "tue",', '["mon", "tuesday",', f"{LUNCH}.conditions[0].days[1]", "tue"),
    Example('days = ["mon", "tue", "wed", "thu", "fri"]', 'days = "mon"', f"{LUNCH}.conditions[0].days", "not a list"),
    Example('kind = "dwell"', 'kind = "dwel"', f"{LUNCH}.conditions[1].kind", "dwell"),
    Example('kind = "dwell", category', "category", f"{LUNCH}.conditions[1].kind", "has a kind"),
    Example("minutes = 10.0", "minuts = 10.0", f"{LUNCH}.conditions[1].minuts", "minutes"),
    Example("minutes = 10.0", "minutes = -1.0", f"{LUNCH}.conditions[1].minutes", "out of range"),
    Example("minutes = 10.0, ", "", f"{LUNCH}.conditions[1].minutes", "missing", at='    { kind = "dwell"'),
    Example(
        'conditions = [{ kind = "nth', 'conditions = [7, { kind = "nth', f"{WELCOME}.conditions[0]", "not a condition"
    ),
    Example(f'[{NTH}, {{ kind = "entered", within_minutes = 30 }}]', "[]", f"{WELCOME}.conditions", "at least 1"),
    Example(
        'places = [{ category = "dining" }, { zone = "g/nordic" }]',
        'places = [{ category = "dining" }]',
        f"{AFTER}.conditions[0].places",
        "at least 2",
    ),
    Example('but = ["2026-12-25"]', 'but = ["25.12.2026"]', f"{AFTER}.conditions[2].but[0]", "YYYY-MM-DD"),
    Example('but = ["2026-12-25"]', "but = 2026-12-25", f"{AFTER}.conditions[2].but", "not a list"),
    Example(
        '{ "kind" = "tier", any = ["gold", "silver"] }', '{ "kind" = "tier" }', f"{AFTER}.conditions[3].any", "missing"
    ),
    Example(
        'kind = "spent"\nat_least = 50.0',
        'kind = "spent"\nat_least = "50 EUR"',
        f"{SPENDER}.conditions[0].at_least",
        "not a number",
        at='at_least = "50 EUR"',
    ),
    Example('kind = "gift"', 'kind = "gfit"', "pools[3].kind", "gift"),
    Example("stock = 500", "stock = 0", "pools[0].stock", "out of range"),
    Example(
        "bundle = { shops = 2, spend_each = 25.0 }",
        "bundle = { shops = 1, spend_each = 25.0 }",
        "pools[2].bundle.shops",
        "2",
    ),
    Example("bundle = { shops = 2, spend_each = 25.0 }", "bundle = 2", "pools[2].bundle", "not a table"),
    Example('title = "A tote bag"\n', "", "pools[3].title", "missing", at='[[pools]]\nid = "GIFT"'),
]
