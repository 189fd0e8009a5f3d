"""Routes about results: campaigns against their holdout, funnel, tenants, pairs of shops; never about one member."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from central.api.document import answers
from central.api.exports import MEDIA, Format, csv_rows, parquet_rows
from central.api.gate import needs
from central.api.result_examples import CAMPAIGN, CAMPAIGN_LINE, FUNNEL_WEEK, PAIRS, TENANT
from central.api.window import services_of
from central.results.campaigns import CampaignLine, CampaignResult
from central.results.funnel import FunnelWeek
from central.results.measure import Change
from central.results.pairs import Pairs
from central.results.results import DEFAULT_HORIZON_DAYS, Days, Results
from central.results.tables import What, columns, rows
from central.results.telling import in_currency
from central.results.tenants import TenantReport, holder
from central.services import Services

router = APIRouter(prefix="/v1/results", tags=["results"])

READERS = needs("manager", "admin")
CACHE = "private, max-age=300"

From = Annotated[
    date | None,
    Query(
        alias="from", description="first day, at the site; 27 days before `to` where absent", examples=["2026-01-01"]
    ),
]
To = Annotated[
    date | None,
    Query(alias="to", description="last day, included; yesterday where absent, and at most", examples=["2026-01-31"]),
]
Horizon = Annotated[
    int,
    Query(description="days after the first offer within which what members do counts: 7, 14, 28 or 56"),
]


@dataclass(frozen=True, slots=True)
class CampaignsAnswer:
    """Campaigns in the order of the file; ask again for those that are not reckoned yet."""

    as_of: date
    k: int
    horizon_days: int
    campaigns: list[CampaignLine]


@dataclass(frozen=True, slots=True)
class FunnelAnswer:
    """Weeks, oldest first."""

    k: int
    weeks: list[FunnelWeek]


@dataclass(frozen=True, slots=True)
class TenantAnswer:
    """A tenant's report; amounts are decimals of the currency."""

    k: int
    report: TenantReport


@dataclass(frozen=True, slots=True)
class PairsAnswer:
    """Pairs of shops, the strongest lift first."""

    first: date
    last: date
    k: int
    pairs: Pairs


def results_of(request: Request, response: Response) -> Results:
    """The running results."""
    response.headers["Cache-Control"] = CACHE
    services: Services = services_of(request)
    return services.results


@router.get(
    "/campaigns",
    dependencies=[READERS],
    responses=answers(CampaignsAnswer(date(2026, 1, 31), 5, 28, [CAMPAIGN_LINE])),
)
def get_campaigns(
    request: Request, response: Response, horizon_days: Horizon = DEFAULT_HORIZON_DAYS
) -> CampaignsAnswer:
    """Every campaign: whom it reached, who used it, and whether members come more often for it."""
    results = results_of(request, response)
    return CampaignsAnswer(results.as_of, results.k, horizon_days, results.campaigns(horizon_days))


@router.get("/campaigns/{campaign}", dependencies=[READERS], responses=answers(CAMPAIGN))
def get_campaign(
    request: Request,
    response: Response,
    campaign: Annotated[str, Path(max_length=200, description="the campaign's id", examples=["lunch"])],
    horizon_days: Horizon = DEFAULT_HORIZON_DAYS,
) -> CampaignResult:
    """A campaign against its holdout, with intervals that may be looked at daily; amounts in the currency."""
    found = results_of(request, response).campaign(campaign, horizon_days)
    if found is None:
        raise HTTPException(404, f"no campaign {campaign[:64]!r} for members; GET /v1/results/campaigns lists them")
    return campaign_told(found)


@router.get("/funnel", dependencies=[READERS], responses=answers(FunnelAnswer(5, [FUNNEL_WEEK])))
def get_funnel(request: Request, response: Response, start: From = None, end: To = None) -> FunnelAnswer:
    """Traffic, members present, offered, delivered, redeemed, came back; week by week."""
    results = results_of(request, response)
    return FunnelAnswer(results.k, results.funnel(results.days(start, end)))


@router.get("/tenants/{tenant}", dependencies=[READERS], responses=answers(TenantAnswer(5, TENANT)))
def get_tenant(
    request: Request,
    response: Response,
    tenant: Annotated[str, Path(max_length=200, description="the tenant's id", examples=["cafe-tejo"])],
    start: From = None,
    end: To = None,
) -> TenantAnswer:
    """What the mall brought a shop: visitors, where they came from, members' spend, offers and what they cost whom."""
    results = results_of(request, response)
    report = results.tenant(tenant, results.days(start, end))
    if report is None:
        raise HTTPException(404, f"no zone is or was tenant {tenant[:64]!r}'s; the site's files name the tenants")
    return TenantAnswer(results.k, tenant_told(report))


@router.get(
    "/pairs",
    dependencies=[READERS],
    responses=answers(PairsAnswer(date(2026, 1, 4), date(2026, 1, 31), 5, PAIRS)),
)
def get_pairs(request: Request, response: Response, start: From = None, end: To = None) -> PairsAnswer:
    """Which shops lift each other: by visits of everybody, and by purchases of members."""
    results = results_of(request, response)
    days = results.days(start, end, most=31)
    return PairsAnswer(days.first, days.last, results.k, results.pairs(days))


@router.get(
    "/exports/{what}.{kind}",
    dependencies=[READERS],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "a table; every figure has its n, interval and why it is withheld beside it",
            "content": {
                "text/csv": {"example": "campaign,name,...,offered,offered_n,offered_low,..."},
                "application/vnd.apache.parquet": {},
            },
        }
    },
)
def get_export(  # noqa: PLR0917 - what FastAPI gives by name
    request: Request,
    response: Response,
    what: Annotated[What, Path(description="which results")],
    kind: Annotated[Format, Path(description="CSV (RFC 4180) or Apache Parquet")],
    start: From = None,
    end: To = None,
) -> StreamingResponse:
    """Results as a table: the same figures as the reports'."""
    results = results_of(request, response)
    services = services_of(request)
    days: Days = results.days(start, end, most=31)
    tenants = tuple(dict.fromkeys(holder(one) for one in services.insight.reader.places.all if not one.is_passage))
    found = rows(results, what, days, tenants)
    name = f"{services.site.id}-results-{what}-{days.first}-{days.last}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": CACHE}
    names = columns(what)
    content = csv_rows(names, found) if kind == "csv" else parquet_rows(names, found)
    return StreamingResponse(content, headers=headers, media_type=MEDIA[kind])


def campaign_told(found: CampaignResult) -> CampaignResult:
    """The same with amounts as decimals of the currency."""
    return replace(
        found,
        changes=[_change_told(one) for one in found.changes],
        ascribed=[replace(one, spend=in_currency(one.spend)) for one in found.ascribed],
    )


def _change_told(one: Change) -> Change:
    if one.metric != "spend":
        return one
    looks = [replace(look, difference=in_currency(look.difference)) for look in one.looks]
    offered, held, difference = (in_currency(figure) for figure in (one.offered, one.held, one.difference))
    return replace(one, offered=offered, held=held, difference=difference, looks=looks)


def tenant_told(report: TenantReport) -> TenantReport:
    """The same with amounts as decimals of the currency."""
    costs = [replace(one, charge=in_currency(one.charge)) for one in report.costs]
    return replace(report, spend=in_currency(report.spend), costs=costs)
