"""``atrium campaigns rehearse``: what a campaigns file would have done on stored days, before anybody is bothered."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from calibration.site import load_site
from central.access import derived, load_secrets
from central.config import load_config
from central.insight.figure import Figure
from central.insight.suppression import Suppression
from central.offers.book import CampaignBook
from central.offers.rehearsal import Rehearser, days_of, script_of
from central.offers.rehearsed import CampaignRehearsal, Range, Rehearsal
from central.store import replay
from central.store.store import ReadingStore
from contract.errors import BadInputError
from contract.files import read_bytes


def rehearse(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="Campaigns and pools as they would be.")],
    central: Annotated[Path, typer.Option(help="CENTRAL.toml: whose stored days. Central may run meanwhile, or not.")],
    first: Annotated[
        str, typer.Option("--from", help="Day of the site: 2026-01-31, today, yesterday; default the newest there is.")
    ] = "",
    last: Annotated[str, typer.Option("--to", help="Last day, included; default the same day.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, all of it.")] = False,
) -> None:
    """Whom the campaigns would have reached, what it would have cost, and what they overlap with; changes nothing.

    Figures about fewer than k people are withheld, and nobody is named.
    """
    config = load_config(central)
    site = load_site(config.site)
    try:
        script = script_of(read_bytes(file).decode(), site, CampaignBook(config.campaigns, site))
    except UnicodeDecodeError:
        raise BadInputError(f"{file}: not UTF-8; save it as UTF-8") from None
    except BadInputError as error:
        raise BadInputError(str(error).replace("text:", f"{file}:")) from None
    if not config.secrets.exists():
        raise BadInputError(f"{config.secrets}: no such file; start central once, or check `secrets` in {central}")
    secrets = load_secrets(config.secrets)
    store = ReadingStore(config.database, site.id)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    try:
        now = time.time()
        today = datetime.fromtimestamp(now, site.timezone).date()
        newest = replay.newest_visit(store.database, site.id)
        days = days_of(first, last, today, newest, site.timezone)
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("rehearsing", total=1.0)
            rehearser = Rehearser(
                store,
                site,
                Suppression(config.k, bytes.fromhex(secrets.figure_key)),
                holdout_key=derived(secrets.offer_key, "holdout"),
                link_life_s=config.keep.links,
                tick=lambda share: bar.update(task, completed=max(share, bar.tasks[0].completed)),
            )
            told = rehearser.rehearse(script, *days, now)
    finally:
        store.close()
    if as_json:
        typer.echo(msgspec.json.encode(told).decode())
    else:
        show(told, config.k)


def show(told: Rehearsal, k: int) -> None:
    """Print it for people."""
    console = Console(width=None if sys.stdout.isatty() else 120)
    for campaign in told.campaigns:
        console.print(f"\n{campaign.campaign} (version {campaign.version}), {told.first} to {told.last}", markup=False)
        days = _table("day", "people who met it", "members reached", "members, estimated")
        for day in campaign.days:
            days.add_row(day.day, _few(day.people, k), _few(day.members, k), _between(day.estimate))
        console.print(days)
        funnel = _table("after", "people", "members")
        for step in campaign.funnel:
            funnel.add_row(step.condition, "" if step.people is None else _few(step.people, k), _few(step.members, k))
        console.print(funnel)
        hours = [f"{one.hour:02d}: {_few(one.people, k)}" for one in campaign.hours]
        if hours:
            console.print("people by hour: " + ", ".join(hours), markup=False, highlight=False)
        for one in campaign.overlaps:
            words = f"on the same day also {one.campaign}: people {_few(one.people, k)}, members {_few(one.members, k)}"
            console.print(words, markup=False, highlight=False)
        for line in _cost(campaign):
            console.print(line, markup=False, highlight=False)
    console.print("\nassumed:", markup=False)
    for line in told.assumptions:
        console.print(f"- {line}", markup=False, highlight=False)


def _cost(campaign: CampaignRehearsal) -> list[str]:
    cost = campaign.cost
    lines = [f"offers: {_between(cost.offers)}" + (f", bounded by {cost.held_back_by}" if cost.held_back_by else "")]
    if cost.each is None or cost.most is None:
        return [*lines, "cost: the pool states none; give it a `cost` or a `ceiling`"]
    lines.append(f"cost at most: {_money(cost.most, cost.currency)}, if every coupon is used")
    if cost.expected is None or cost.rate is None:
        return [*lines, "cost expected: unknown, too few coupons of this pool were given yet"]
    share = f"{cost.rate.value:.0%} of its coupons were used so far"
    return [*lines, f"cost expected: {_money(cost.expected, cost.currency)}, as {share}"]


def _table(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title)
    return table


def _few(figure: Figure, k: int) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return f"< {k}"
    return f"{figure.value:.0f} ({figure.low:.0f} to {figure.high:.0f})"


def _between(estimate: Range | None) -> str:
    return "" if estimate is None else f"about {estimate.value:.0f} ({estimate.low:.0f} to {estimate.high:.0f})"


def _money(amount: Range, currency: str) -> str:
    value, low, high = (one / 100 for one in (amount.value, amount.low, amount.high))
    return f"{currency} {value:,.2f} ({low:,.2f} to {high:,.2f})"
