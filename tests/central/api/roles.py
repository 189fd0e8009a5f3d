"""Which role may what: every route of central, by method. A route that is not in here fails the test of this table."""

from __future__ import annotations

from contract.tokens import Role

ALL: frozenset[Role] = frozenset({"installer", "ops", "manager", "trigger", "admin"})
SEES: frozenset[Role] = frozenset({"ops", "manager", "admin"})
ADMIN: frozenset[Role] = frozenset({"admin"})
JOINS: frozenset[Role] = frozenset({"trigger", "admin"})
OFFERS: frozenset[Role] = frozenset({"trigger", "manager", "admin"})

MANAGES: frozenset[Role] = frozenset({"manager", "admin"})

WATCHES: frozenset[Role] = frozenset({"installer", "ops", "manager", "admin"})
PLANS: frozenset[Role] = frozenset({"manager", "admin"})
MENDS: frozenset[Role] = frozenset({"ops", "admin"})

ROLES_BY_ROUTE: dict[tuple[str, str], frozenset[Role]] = {
    ("GET", "/metrics"): frozenset({"ops", "admin"}),
    ("GET", "/openapi.json"): ALL,
    ("GET", "/plans/{floor_id}"): ALL,
    ("GET", "/v1/audit"): ADMIN,
    ("GET", "/readyz"): frozenset({"ops", "admin"}),
    ("GET", "/v1/boxes"): frozenset({"installer", "ops", "manager", "admin"}),
    ("GET", "/v1/campaigns"): SEES,
    ("GET", "/v1/campaigns/file"): PLANS,
    ("PUT", "/v1/campaigns/file"): PLANS,
    ("POST", "/v1/campaigns/lint"): PLANS,
    ("GET", "/v1/campaigns/templates"): PLANS,
    ("GET", "/v1/campaigns/templates/{scene}"): PLANS,
    ("GET", "/v1/crossings"): SEES,
    ("GET", "/v1/deliveries"): MENDS,
    ("POST", "/v1/deliveries/replay"): MENDS,
    ("POST", "/v1/deliveries/{delivery}/replay"): MENDS,
    ("POST", "/v1/offers/{offer}/receipt"): JOINS,
    ("GET", "/v1/dwell"): SEES,
    ("GET", "/v1/enrolment/boxes"): WATCHES,
    ("POST", "/v1/enrolment/codes"): MENDS,
    ("POST", "/v1/enrolment/{box}/revoke"): MENDS,
    ("GET", "/v1/exports/{what}.{kind}"): SEES,
    ("GET", "/v1/flows"): SEES,
    ("GET", "/v1/heatmap"): SEES,
    ("GET", "/v1/live"): SEES,
    ("GET", "/v1/live/{floor}"): SEES,
    ("GET", "/v1/live/{floor}/stream"): SEES,
    ("GET", "/v1/me"): ALL,
    ("DELETE", "/v1/members/{member}"): ADMIN,
    ("POST", "/v1/campaigns/rehearse"): frozenset({"manager", "admin"}),
    ("GET", "/v1/members"): ADMIN,
    ("POST", "/v1/members/batch"): ADMIN,
    ("POST", "/v1/members/lookup"): JOINS,
    ("GET", "/v1/members/{member}"): ADMIN,
    ("PUT", "/v1/members/{member}"): ADMIN,
    ("DELETE", "/v1/members/{member}/consents/{purpose}"): JOINS,
    ("POST", "/v1/boxes/{box}/commands"): MENDS,
    ("GET", "/v1/ops"): WATCHES,
    ("GET", "/v1/orders"): WATCHES,
    ("POST", "/v1/orders/{number}/claim"): MENDS,
    ("POST", "/v1/orders/{number}/close"): MENDS,
    ("POST", "/v1/orders/{number}/release"): MENDS,
    ("GET", "/v1/occupancy"): SEES,
    ("GET", "/v1/occupancy/quarters"): SEES,
    ("GET", "/v1/reckonings"): SEES,
    ("GET", "/v1/campaigns/{campaign}/misses"): frozenset({"manager", "admin"}),
    ("GET", "/v1/members/{member}/why"): ADMIN,
    ("GET", "/v1/offers"): OFFERS,
    ("GET", "/v1/offers/stream"): OFFERS,
    ("GET", "/v1/offers/{offer}/coupon"): JOINS,
    ("GET", "/v1/offers/{offer}/coupon.svg"): JOINS,
    ("GET", "/v1/coupons/key"): JOINS,
    ("GET", "/v1/playback"): SEES,
    ("GET", "/v1/pools"): frozenset({"manager", "admin"}),
    ("PUT", "/v1/pools/{pool}"): ADMIN,
    ("POST", "/v1/quotes"): JOINS,
    ("POST", "/v1/redemptions"): JOINS,
    ("POST", "/v1/redemptions/{redemption}/reversal"): JOINS,
    ("GET", "/v1/settlement"): frozenset({"manager", "admin"}),
    ("GET", "/v1/presence"): SEES,
    ("GET", "/v1/privacy"): SEES,
    ("GET", "/v1/quarantine"): frozenset({"ops", "admin"}),
    ("GET", "/v1/results/campaigns"): MANAGES,
    ("GET", "/v1/results/campaigns/{campaign}"): MANAGES,
    ("GET", "/v1/results/exports/{what}.{kind}"): MANAGES,
    ("GET", "/v1/results/funnel"): MANAGES,
    ("GET", "/v1/results/pairs"): MANAGES,
    ("GET", "/v1/results/tenants/{tenant}"): MANAGES,
    ("GET", "/v1/sequences"): SEES,
    ("GET", "/v1/site"): ALL,
    ("GET", "/v1/tokens"): ADMIN,
    ("POST", "/v1/touchpoints"): JOINS,
    ("GET", "/v1/touchpoints/{touchpoint}"): JOINS,
    ("POST", "/v1/touchpoints/{touchpoint}/refund"): JOINS,
    ("GET", "/v1/users"): ADMIN,
    ("GET", "/v1/zones"): SEES,
    ("GET", "/v1/zones/{zone}"): SEES,
    ("GET", "/v1/zones/{zone}/weeks"): SEES,
}

PAGES: dict[str, frozenset[Role]] = {
    "/": SEES,
    "/floor": SEES,
    "/floor/{floor_id}": SEES,
    "/ops": WATCHES,
    "/flows": SEES,
    "/shops": SEES,
    "/shops/{zone}": SEES,
    "/privacy": SEES,
    "/campaigns": MANAGES,
    "/campaigns/live": MANAGES,
    "/campaigns/editor": MANAGES,
    "/results": MANAGES,
    "/results/funnel": MANAGES,
    "/results/tenants": MANAGES,
    "/results/pairs": MANAGES,
    "/members": ADMIN,
    "/password": ALL,
}

DOORS: frozenset[tuple[str, str]] = frozenset(
    {("GET", "/healthz"), ("GET", "/login"), ("POST", "/login"), ("GET", "/welcome"), ("POST", "/welcome")}
    | {("GET", "/v1/enrolment/authority"), ("POST", "/v1/enrolment"), ("POST", "/v1/enrolment/renew")}
)
"""What anybody reaches."""

WAYS_OUT: frozenset[tuple[str, str]] = frozenset({("GET", "/logout"), ("POST", "/logout"), ("POST", "/password")})
"""What every login may, and nobody without one; tested by themselves."""

EXAMPLES = {
    "{member}": "M-0",
    "{purpose}": "none",
    "{touchpoint}": "none",
    "{floor_id}": "g",
    "{box}": "none",
    "{number}": "999",
    "{delivery}": "999",
    "{offer}": "none",
    "{floor}": "g",
    "{zone}": "nordic",
    "{what}": "zones",
    "{campaign}": "none",
    "{tenant}": "none",
    "{kind}": "csv",
    "{pool}": "none",
    "{redemption}": "none",
    "{scene}": "time_of_day",
}
"""A value for every parameter in a path."""
QUERIES = {"/v1/heatmap": "?floor=g", "/v1/playback": "?floor=g"}


def address_of(path: str) -> str:
    """A path to ask for."""
    address = path
    for parameter, value in EXAMPLES.items():
        address = address.replace(parameter, value)
    return address + QUERIES.get(path, "")
