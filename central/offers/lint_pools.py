"""Whether a pool of coupons makes sense."""

from __future__ import annotations

from datetime import date, timedelta

from central.offers.campaigns import Pool, minor
from central.offers.findings import Findings, quoted
from central.offers.lint_time import is_day
from central.offers.toml_spots import Path


def check_pool(pool: Pool, path: Path, findings: Findings, today: date | None) -> None:
    """Find what makes its coupons worth nothing, or nonsense."""
    _check_value(pool, path, findings)
    _check_validity(pool, path, findings, today)
    _check_bundle(pool, path, findings)
    if pool.funder == "tenant" and not pool.tenant:
        sample = pool.shops[0] if pool.shops else "name-it"
        said = "a tenant pays for it, but which"
        findings.error((*path, "tenant"), said, f"add `tenant = {quoted(sample)}`", key=True)
    elif pool.tenant and pool.funder == "mall":
        said = "the mall pays for it, so that the tenant is not asked"
        findings.warning((*path, "tenant"), said, 'remove it, or set funder = "tenant"', key=True)
    if findings.has((*path, "stack_order")) and not pool.stack:
        said = "has no meaning for a coupon that stands alone"
        findings.warning((*path, "stack_order"), said, "remove it, or name a stack", key=True)


def cost_of(pool: Pool) -> int | None:
    """What a coupon costs at most when it is used, minor units; None where that is not said."""
    if pool.cost is not None:
        return minor(pool.cost)
    if pool.kind == "amount":
        return minor(pool.value)
    return None if pool.ceiling is None else minor(pool.ceiling)


def _check_value(pool: Pool, path: Path, findings: Findings) -> None:
    at = (*path, "value")
    if pool.kind == "gift":
        if pool.value:
            findings.error(
                at, "a gift is what its title says and has no value", "remove it, or give it a cost", key=True
            )
    elif pool.value == 0:
        samples = {"percent": ("15", "percent"), "amount": ("5", "amount"), "parking": ("2", "hours of parking")}
        number, what = samples[pool.kind]
        mend = f"write `{number}`" if findings.has(at) else f"add `value = {number}`"
        findings.error(at, f"takes off no {what}", mend, key=not findings.has(at))
    elif pool.kind == "percent" and pool.value > 100:
        findings.error(at, f"{pool.value:g} % is more than all of it", "write `100` or less")
    elif pool.kind == "parking" and pool.value > 24 * 31:
        findings.error(at, f"{pool.value:g} hours are more than a month of parking", "write `2`")
    if pool.ceiling is not None and pool.kind != "percent":
        said = f"is for percentages; this takes off {'an amount' if pool.kind == 'amount' else 'a ' + pool.kind}"
        findings.error((*path, "ceiling"), said, "remove it", key=True)
    elif pool.ceiling == 0:
        findings.error((*path, "ceiling"), "at most nothing is taken off", "write an amount, such as `10.0`")


def _check_validity(pool: Pool, path: Path, findings: Findings, today: date | None) -> None:
    given = [(name, getattr(pool, name)) for name in ("valid_from", "valid_to") if getattr(pool, name)]
    real = [is_day(day, (*path, name), findings) for name, day in given]
    if not all(real):
        return
    if pool.valid_from and pool.valid_to and pool.valid_from > pool.valid_to:
        said = f"ends before it begins, on {pool.valid_from}"
        findings.error((*path, "valid_to"), said, f"write a later day, such as `{quoted(pool.valid_from)}`")
    elif today is not None and pool.valid_to and pool.valid_to < f"{today}":
        said = f"ended on {pool.valid_to}: no coupon is given any more"
        mend = f"write a day to come, such as `{quoted(str(today + timedelta(30)))}`"
        findings.warning((*path, "valid_to"), said, mend)


def _check_bundle(pool: Pool, path: Path, findings: Findings) -> None:
    bundle, at = pool.bundle, (*path, "bundle")
    if bundle is None:
        return
    if bundle.spend_each == 0:
        findings.error((*at, "spend_each"), "a sale over nothing is any sale", "write an amount, such as `20.0`")
    if pool.shops and len(set(pool.shops)) < bundle.shops:
        known = len(set(pool.shops))
        said = f"wants {bundle.shops} different shops of the {known} in which it may be used"
        if known < 2:
            findings.error((*at, "shops"), said, "remove shops, or name more of them")
        else:
            findings.error((*at, "shops"), said, f"write `{known}`")
    if pool.kind == "percent" and pool.ceiling is None:
        said = "a percentage of sales in several shops needs a cap"
        findings.error((*path, "ceiling"), said, "add `ceiling = 20.0`", key=True)
