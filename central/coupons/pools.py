"""What a pool of the CRM must be like before coupons are given from it."""

from __future__ import annotations

from datetime import date

from central.offers.campaigns import Pool
from contract.errors import BadInputError

MOST_HOURS = 24 * 31


def checked(pool: Pool) -> Pool:
    """The pool, where its fields go together.

    Raises:
        BadInputError: naming the field and the mend.
    """
    for complaint in (_value(pool), _money(pool), _days(pool)):
        if complaint:
            raise BadInputError(complaint)
    return pool


def _value(pool: Pool) -> str:
    if pool.kind == "gift" and pool.value:
        return "value: a gift has none; leave it away, and say its cost"
    if pool.kind != "gift" and not pool.value:
        return f"value: a pool of kind {pool.kind} needs one above 0"
    if pool.kind == "percent" and pool.value > 100:
        return "value: 100 percent at most"
    if pool.kind == "parking" and pool.value > MOST_HOURS:
        return f"value: {MOST_HOURS} hours at most"
    return ""


def _money(pool: Pool) -> str:
    if pool.ceiling is not None and (pool.kind != "percent" or not pool.ceiling):
        return "ceiling: only a percentage has one, above 0; leave it away"
    if pool.funder == "tenant" and not pool.tenant:
        return "tenant: a tenant pays for it; say which"
    if pool.funder == "mall" and pool.tenant:
        return 'tenant: the mall pays; leave tenant away, or set funder to "tenant"'
    if pool.bundle is not None and pool.kind not in {"percent", "amount"}:
        return f"bundle: takes a percentage or an amount off, no {pool.kind}"
    return ""


def _days(pool: Pool) -> str:
    for name, text in (("valid_from", pool.valid_from), ("valid_to", pool.valid_to)):
        try:
            date.fromisoformat(text or "2026-01-31")
        except ValueError:
            return f"{name}: {text} is no day; write 2026-01-31"
    if pool.valid_from and pool.valid_to and pool.valid_from > pool.valid_to:
        return "valid_to: lies before valid_from; swap them"
    return ""
