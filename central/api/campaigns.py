"""Routes for campaigns: what is in force, the file behind it, the linter, and templates to start from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Header, Path, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from central.api.document import PROBLEM_JSON, answers
from central.api.gate import needs
from central.api.problems import problem
from central.api.window import services_of
from central.offers.campaigns import Campaign, Members, Pool
from central.offers.lint import Finding, errors
from central.offers.templates import SUMMARIES, template
from central.services import Services

router = APIRouter(prefix="/v1/campaigns")

TOML = "application/toml"
FileText = Annotated[str, Body(media_type=TOML, max_length=200_000, description="the campaigns file, TOML")]
IfMatch = Annotated[str | None, Header(description="the ETag of the file that the new one was made from")]


@dataclass(frozen=True, slots=True)
class CampaignAnswer:
    """A campaign as the file has it; of named members only how many."""

    id: str
    version: int
    name: str
    scene: str
    enabled: bool
    audience: str
    channel: str
    coupon: str
    wording: str
    purpose: str
    once: str
    group: str
    priority: int
    holdout_percent: float
    conditions: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PoolAnswer:
    """A pool of coupons as the file has it; amounts in the currency."""

    id: str
    title: str
    kind: str
    value: float
    stock: int | None
    funder: str
    tenant: str


@dataclass(frozen=True, slots=True)
class CampaignsReport:
    """What is in force; ``fault`` says why a newer file is not, ``stamp`` grows with every change."""

    currency: str
    stamp: int
    fault: str
    campaigns: list[CampaignAnswer]
    pools: list[PoolAnswer]


@dataclass(frozen=True, slots=True)
class FindingAnswer:
    """What the linter says: lines and columns from 1; an ``error`` keeps a file from being saved."""

    line: int
    column: int
    field: str
    message: str
    mend: str
    severity: str


@dataclass(frozen=True, slots=True)
class LintReport:
    """Findings by line; ``ok`` where none is an error."""

    ok: bool
    findings: list[FindingAnswer]


@dataclass(frozen=True, slots=True)
class TemplateAnswer:
    """A scene that there is a file to start from for; fetch it by its name."""

    scene: str
    summary: str


_CAMPAIGN = CampaignAnswer(
    "lunch",
    3,
    "Lunch after fashion",
    "time_of_day",
    True,  # noqa: FBT003 - an example
    "members",
    "app",
    "DINE-15",
    "15 % off your lunch",
    "offers",
    "day",
    "noon",
    50,
    10.0,
    [{"kind": "window", "from": "11:00", "to": "14:00"}],
)
CAMPAIGNS = CampaignsReport(
    "EUR", 4, "", [_CAMPAIGN], [PoolAnswer("DINE-15", "15 % off lunch", "percent", 15.0, 500, "mall", "")]
)
FINDING = FindingAnswer(
    12,
    32,
    "campaigns[0].conditions[1].category",
    "no zone of the site is 'fasion'; it has dining, fashion",
    'write `"fashion"`',
    "error",
)
LINTED = LintReport(False, [FINDING])  # noqa: FBT003 - an example
TEXT_EXAMPLE = 'schema = "atrium.campaigns.v1"\n'
AS_TOML: dict[int | str, dict[str, Any]] = {
    200: {"content": {TOML: {"schema": {"type": "string"}, "example": TEXT_EXAMPLE}}, "description": "the file, TOML"}
}
CHANGED = "If-Match: somebody has changed the file since; fetch it again and make your change in it"
UNNAMED = "If-Match: name the ETag of the file that you changed, from GET /v1/campaigns/file"
OUT_OF_STEP: dict[int | str, dict[str, Any]] = {
    status: {
        "content": {
            PROBLEM_JSON: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": {"type": "about:blank", "title": title, "status": status, "detail": detail},
            }
        },
        "description": title,
    }
    for status, title, detail in ((412, "Precondition Failed", CHANGED), (428, "Precondition Required", UNNAMED))
}


@router.get("", dependencies=[needs("ops", "manager", "admin")], responses=answers(CAMPAIGNS))
def get_campaigns(request: Request) -> CampaignsReport:
    """The campaigns and pools in force, enabled or not, in the order of the file."""
    book = services_of(request).book
    now = book.now
    campaigns = [_campaign(one) for one in now.file.campaigns]
    return CampaignsReport(now.file.currency, now.stamp, book.fault, campaigns, [_pool(one) for one in now.file.pools])


@router.get("/file", dependencies=[needs("manager", "admin")], response_class=PlainTextResponse, responses=AS_TOML)
def get_campaigns_file(request: Request) -> Response:
    """The file in force with its comments; its ``ETag`` is what a change has to name."""
    text = services_of(request).book.text
    return Response(text, media_type=TOML, headers={"ETag": etag(text)})


@router.put("/file", dependencies=[needs("manager", "admin")], responses=answers(LINTED) | OUT_OF_STEP)
def put_campaigns_file(request: Request, text: FileText, if_match: IfMatch = None) -> Response:
    """Put a new file in force, once it is linted without an error; ``If-Match`` keeps two editors from colliding."""
    book = services_of(request).book
    if if_match is None:
        return problem(428, UNNAMED)
    findings = book.replace(text, only_if=lambda before: if_match.strip() in {etag(before), "*"})
    if findings is None:
        return problem(412, CHANGED)
    if wrong := errors(findings):
        fields = [{"field": f"{one.field or 'text'} (line {one.line})", "detail": _said(one)} for one in wrong]
        told = [msgspec.to_builtins(one) for one in findings]
        return problem(422, f"line {wrong[0].line}: {_said(wrong[0])}", errors=fields, findings=told)
    return JSONResponse(msgspec.to_builtins(_linted(findings)), headers={"ETag": etag(text)})


@router.post("/lint", dependencies=[needs("manager", "admin")], responses=answers(LINTED))
def lint_campaigns(request: Request, text: FileText) -> LintReport:
    """What the linter says of a file; nothing is changed."""
    services = services_of(request)
    return _linted(services.book.review(text, _today(services)))


@router.get(
    "/templates",
    dependencies=[needs("manager", "admin")],
    responses=answers([TemplateAnswer("time_of_day", SUMMARIES["time_of_day"])]),
)
def get_templates() -> list[TemplateAnswer]:
    """The scenes that there is a file to start from for."""
    return [TemplateAnswer(scene, summary) for scene, summary in SUMMARIES.items()]


@router.get(
    "/templates/{scene}",
    dependencies=[needs("manager", "admin")],
    response_class=PlainTextResponse,
    responses=AS_TOML,
)
def get_template(request: Request, scene: Annotated[str, Path(max_length=64, examples=["time_of_day"])]) -> Response:
    """A scene's file, filled with this mall's categories and zones."""
    if scene not in SUMMARIES:
        return problem(404, f"no template {scene!r}; there are {', '.join(SUMMARIES)}")
    return Response(template(scene, services_of(request).book.categories), media_type=TOML)


def etag(text: str) -> str:
    """A strong entity tag of the text."""
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _today(services: Services) -> Any:
    return datetime.fromtimestamp(services.clock(), services.site.timezone).date()


def _linted(findings: list[Finding]) -> LintReport:
    told = [FindingAnswer(one.line, one.column, one.field, one.message, one.mend, one.severity) for one in findings]
    return LintReport(not errors(findings), told)


def _said(finding: Finding) -> str:
    return f"{finding.field or 'text'}: {finding.message}; {finding.mend}"


def _campaign(one: Campaign) -> CampaignAnswer:
    conditions = [
        {"kind": "members", "members": len(condition.ids)}
        if isinstance(condition, Members)
        else {name: value for name, value in msgspec.to_builtins(condition).items() if value != ""}
        for condition in one.conditions
    ]
    return CampaignAnswer(
        one.id,
        one.version,
        one.name,
        one.scene,
        one.enabled,
        one.audience,
        one.channel,
        one.coupon,
        one.wording,
        one.purpose,
        one.once,
        one.group,
        one.priority,
        one.holdout_percent,
        conditions,
    )


def _pool(one: Pool) -> PoolAnswer:
    return PoolAnswer(one.id, one.title, one.kind, one.value, one.stock, one.funder, one.tenant)
