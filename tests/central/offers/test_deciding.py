"""The pure core: the same decisions in the same order however changes are batched and whenever it is restarted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from central.offers.campaigns import Campaign, CampaignsFile, Categories
from central.offers.conditions import judge
from central.offers.deciding import Deciding
from central.offers.facts import Change, Due, Gone, Known, Seen, Settled, Stayed, ended_at
from central.offers.holdout import arm
from central.offers.ledger import Ledger
from central.offers.planning import plan
from central.offers.situation import Profile, Stay
from tests.central.mall import NOON
from tests.central.offers.floor import campaign, file_of

ZONES = {"nordic": "fashion", "atelier": "fashion", "cafe": "dining", "kitchen": "dining", "toys": "toys"}
CATEGORIES = Categories({("g", zone): category for zone, category in ZONES.items()}, {("g", one): one for one in ZONES})
DWELL = '{ kind = "dwell", category = "fashion", minutes = 10.0 }'
NO_DINING = '{ kind = "not_visited", category = "dining", grace_s = 60.0 }'
WINDOW = '{ kind = "window", from = "12:30", to = "13:30" }'
CAMPAIGNS = (
    campaign("lunch", f"{WINDOW}, {DWELL}, {NO_DINING}", priority=90, holdout_percent=30.0),
    campaign("fashion", DWELL, once="visit", cool_down_hours=0.5),
    campaign("recent", '{ kind = "dwell", category = "dining", minutes = 5.0, within_minutes = 20.0 }', group="g"),
    campaign("way", '{ kind = "sequence", places = [{ category = "fashion" }, { category = "toys" }] }', group="g"),
    campaign("gold", f'{{ kind = "tier", any = ["gold"] }}, {DWELL}', caps="{ per_member = 1, total = 2 }"),
    campaign("here", '{ kind = "in_place", zone = "g/toys", minutes = 3.0 }', quiet='{ from = "12:10", to = "12:40" }'),
    campaign("new", '{ kind = "entered", within_minutes = 15.0 }', priority=10, caps="{ per_day = 3 }"),
    campaign("back", '{ kind = "visited", category = "toys", within_minutes = 30.0 }', once="campaign", budget=25.0),
)


def campaigns(*texts: str) -> Sequence[Campaign]:
    """The campaigns of a file's text."""
    return msgspec.toml.decode(file_of(*texts), type=CampaignsFile).campaigns


PLAN = plan(campaigns(*CAMPAIGNS))
GROUPS = {"g": frozenset({"recent", "way"})}


@dataclass
class World:
    """What a store would hold: everybody's state, and what was given."""

    profiles: dict[str, Profile] = field(default_factory=dict)
    stays: dict[str, dict[str, Stay]] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=lambda: Ledger(UTC, bytes(32), GROUPS, {"TEN": 1000}))

    def apply(self, change: Change) -> None:
        match change:
            case Known():
                self.profiles[change.profile.member] = change.profile
                self.stays[change.profile.member] = dict(change.stays)
            case Gone():
                self.stays.pop(change.member, None)
            case Stayed():
                if change.member in self.stays:
                    self.stays[change.member][change.visit] = change.stay
            case Seen():
                pass

    def told(self) -> list[tuple[str, str, str, float]]:
        """What was given, in order."""
        return [
            (one.due.member, one.due.campaign.id, f"{one.arm} {one.occasion}", one.due.at)
            for one in self.ledger.entries
        ]

    def core(self, at: float) -> Deciding:
        """A core that has just read it all."""
        made = Deciding(PLAN, UTC, CATEGORIES)
        for member in sorted(self.stays):
            stays = dict(sorted(self.stays[member].items(), key=lambda item: (item[1].entered_at, item[0])))
            made.apply(Known(at, self.profiles[member], stays))
        return made


STEP = st.tuples(
    st.sampled_from([0.0, 0.5, 7.0, 61.0, 240.0, 900.0, 8000.0]),
    st.sampled_from(["M-1", "M-2", "M-3"]),
    st.sampled_from(["open", "open", "go on", "go on", "close", "close", "known", "gone"]),
    st.sampled_from(sorted(ZONES)),
)


def story(steps: list[tuple[float, str, str, str]]) -> list[Change]:
    """Changes as boxes would tell them: one open stay a member, which goes on, is over, begins elsewhere."""
    world, changes, at = World(), [], NOON
    open_stay: dict[str, str] = {}
    for number, (pause_s, member, what, zone) in enumerate(steps):
        at += pause_s
        change: Change | None = None
        profile = Profile(member, tier="gold" if member == "M-2" else "", consents=frozenset({"journey", "offers"}))
        if what == "gone":
            open_stay.pop(member, None)
            change = Gone(at, member)
        elif what == "known" or member not in world.stays:
            stays = world.stays.get(member, {})
            change = Known(at, profile, dict(sorted(stays.items(), key=lambda item: (item[1].entered_at, item[0]))))
        elif what == "open" and member not in open_stay:
            name = f"visit{number}"
            open_stay[member] = name
            change = Stayed(at, member, name, Stay("g", zone, 0.0, at, None, at))
        elif member in open_stay:
            name = open_stay[member]
            was = world.stays[member][name]
            over = what == "close"
            stay = Stay(was.floor, was.zone, at - was.entered_at, was.entered_at, at if over else None, at)
            if over:
                del open_stay[member]
            change = Stayed(at, member, name, stay)
        if change is not None:
            world.apply(change)
            changes.append(change)
    return changes


@settings(max_examples=120, deadline=None)
@given(steps=st.lists(STEP, max_size=60), cuts=st.lists(st.integers(0, 60), max_size=12))
def test_batches_of_whatever_size_come_to_the_same_decisions_in_the_same_order(
    steps: list[tuple[float, str, str, str]], cuts: list[int]
) -> None:
    changes = story(steps)
    end = NOON + 40_000
    told = []
    for pieces in ([], cuts, range(61)):
        world, core = World(), Deciding(PLAN, UTC, CATEGORIES)
        for number, change in enumerate(changes):
            core.apply(change)
            if number in pieces:
                core.due(change.at, world.ledger.decide)
        core.due(end, world.ledger.decide)
        told.append(world.told())
    assert told[0] == told[1] == told[2]


@settings(max_examples=120, deadline=None)
@given(steps=st.lists(STEP, max_size=60), restarts=st.sets(st.integers(0, 60), min_size=1, max_size=6))
def test_a_restart_at_whatever_point_changes_nothing(
    steps: list[tuple[float, str, str, str]], restarts: set[int]
) -> None:
    changes = story(steps)
    steady, cut = World(), World()
    core, other = Deciding(PLAN, UTC, CATEGORIES), Deciding(PLAN, UTC, CATEGORIES)
    for number, change in enumerate(changes):
        steady.apply(change)
        core.apply(change)
        core.due(change.at, steady.ledger.decide)
        cut.apply(change)
        other.apply(change)
        other.due(change.at, cut.ledger.decide)
        if number in restarts:
            midnight = datetime.fromtimestamp(change.at, UTC).replace(hour=0, minute=0, second=0).timestamp()
            cut.stays = {
                member: {name: stay for name, stay in stays.items() if ended_at(stay) >= midnight}
                for member, stays in cut.stays.items()
                if member in other
            }
            other = cut.core(change.at)
            other.due(change.at, cut.ledger.decide)
    assert steady.told() == cut.told()


@settings(max_examples=100, deadline=None)
@given(steps=st.lists(STEP, max_size=50))
def test_what_is_decided_holds_in_full_at_its_instant_and_what_holds_in_full_is_decided(
    steps: list[tuple[float, str, str, str]],
) -> None:
    """Beside an engine without memory, which judges everything of everybody after every change."""
    texts = [
        campaign(f"c{number}", conditions, once="campaign")
        for number, conditions in enumerate(
            (
                DWELL,
                f"{DWELL}, {NO_DINING}",
                '{ kind = "visited", category = "toys" }',
                '{ kind = "sequence", places = [{ category = "fashion" }, { category = "toys" }] }',
            )
        )
    ]
    laid_out = plan(campaigns(*texts))
    core = Deciding(laid_out, UTC, CATEGORIES)
    found: set[tuple[str, str]] = set()
    expected: set[tuple[str, str]] = set()

    def decide(due: Due) -> Settled:
        assert all(judge(one, due.situation).holds for one in due.campaign.conditions)
        found.add((due.member, due.campaign.id))
        return Settled(made=False)

    for change in story(steps):
        core.apply(change)
        core.due(change.at, decide)
        for member in core.members:
            situation = core.situation(member, change.at)
            assert situation is not None
            expected |= {
                (member, one.id)
                for one in laid_out.campaigns
                if all(judge(condition, situation).holds for condition in one.conditions)
            }
        assert found >= expected
    assert found == expected


def test_an_open_stay_waits_for_word_and_is_decided_with_it() -> None:
    core = Deciding(plan(campaigns(campaign("a"))), UTC, CATEGORIES)
    profile = Profile("M-1", consents=frozenset({"journey", "offers"}))
    core.apply(Known(NOON, profile, {"v": Stay("g", "nordic", 595.0, NOON - 595, None, NOON)}))
    ledger = Ledger(UTC)
    assert core.due(NOON + 4.9, ledger.decide) == 0
    assert core.awaited(NOON + 4.9, 18.0) == {}
    assert core.due(NOON + 6, ledger.decide) == 0
    assert list(core.awaited(NOON + 6, 18.0)) == [("M-1", "v")]
    core.apply(Seen(NOON + 6, "M-1", "v", NOON + 4))
    assert core.due(NOON + 6, ledger.decide) == 0
    core.apply(Seen(NOON + 6.5, "M-1", "v", NOON + 5.5))
    assert core.due(NOON + 6.5, ledger.decide) == 1
    assert core.awaited(NOON + 40, 18.0) == {}


def test_a_near_miss_says_what_fails_and_by_how_much() -> None:
    core = Deciding(
        plan(campaigns(campaign("a", f"{DWELL}, {NO_DINING}"), campaign("b", f"{WINDOW}, {DWELL}"))), UTC, CATEGORIES
    )
    profile = Profile("M-1", consents=frozenset({"journey", "offers"}))
    core.apply(Known(NOON, profile, {"v": Stay("g", "nordic", 420.0, NOON - 420, NOON, NOON)}))
    core.due(NOON, Ledger(UTC).decide)
    (miss,) = core.misses("M-1")
    assert (miss.campaign.id, miss.failed, miss.short_by, miss.unit) == ("a", "dwell", 180.0, "s")


@given(member=st.text(min_size=1, max_size=20), low=st.floats(0, 90), high=st.floats(0, 90))
def test_a_larger_holdout_keeps_everybody_in_it(member: str, low: float, high: float) -> None:
    low, high = min(low, high), max(low, high)
    if arm(bytes(32), "c", member, low) == "holdout":
        assert arm(bytes(32), "c", member, high) == "holdout"


def test_the_holdout_has_the_share_that_the_campaign_says_and_no_pattern_across_campaigns() -> None:
    names = [f"M-{number}" for number in range(20_000)]
    held = {one: {name for name in names if arm(bytes(32), one, name, 10.0) == "holdout"} for one in ("a", "b")}
    assert all(1800 < len(found) < 2200 for found in held.values())
    assert 140 < len(held["a"] & held["b"]) < 260
