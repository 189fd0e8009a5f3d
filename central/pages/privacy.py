"""``/privacy``: what is kept for how long, the proof that it was deleted, and the law that each control answers."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request
from nicegui import run, ui

from central.pages.frame import Page, frame
from central.pages.markup import Html, card, joined, pill, table, tag, tile
from central.privacy.articles import Control
from central.privacy.report import PrivacyReport, Removals, Term, report
from central.services import Services
from central.store import audit
from contract.times import from_rfc3339

AUDIT_SHOWN = 30


def add_privacy_page(services: Services) -> None:
    """Register ``/privacy``."""

    @ui.page("/privacy")
    async def privacy_page(request: Request) -> None:
        page = frame(services, request, "privacy")
        if page is None:
            return
        content = await run.io_bound(_content, services, page)
        ui.add_head_html('<link rel="stylesheet" href="/assets/insight.css">')
        with page.main:
            ui.html(content or "", sanitize=False)


def _content(services: Services, page: Page) -> Html:
    found = report(services, services.clock())
    tell = page.words
    head = tag(
        "div",
        tag("h1", tell("frame.privacy")),
        pill(tell("privacy.broken", n=len(found.faults)), "bad")
        if found.faults
        else pill(tell("privacy.held"), "good"),
        tag("span", tell("privacy.generated", time=_moment(services, page, found.generated)), class_="quiet end"),
        class_="head",
    )
    broken = [tag("p", fault, class_="said bad") for fault in found.faults]
    parts = [
        *broken,
        card(tell("privacy.settings"), _settings(page, found)),
        card(
            tell("privacy.terms"),
            tag("p", tell("privacy.terms_why"), class_="quiet"),
            _terms(services, page, found.terms),
        ),
        tag(
            "div",
            card(tell("privacy.removals"), _removals(page, found)),
            card(tell("privacy.consents"), _consents(page, found)),
            class_="pair",
        ),
        card(
            tell("privacy.articles"),
            tag("p", tell("privacy.articles_why"), class_="quiet"),
            _articles(page, found.controls),
        ),
    ]
    if page.login.role == "admin":
        parts.append(card(tell("privacy.audit"), _audit(services, page, found.audit_lost)))
    return joined([head, tag("div", *parts, class_="stack")])


def _settings(page: Page, found: PrivacyReport) -> Html:
    tell, settings = page.words, found.settings
    tiles = [
        tile(tell("privacy.k"), tell.number(settings.k), tell("privacy.k_why")),
        tile(tell("privacy.noise"), f"±{settings.noise}", tell("privacy.noise_why")),
        tile(
            tell("privacy.masks"),
            tell("privacy.of", n=settings.masked_cameras, all=settings.cameras),
            tell("privacy.masks_why"),
        ),
    ]
    return joined(
        [
            tag("dl", *tiles, class_="tiles wide"),
            tag("p", tell("privacy.method", method=settings.method), class_="note"),
        ]
    )


def _terms(services: Services, page: Page, terms: list[Term]) -> Html:
    tell = page.words
    heads = [tell(f"privacy.{name}") for name in ("rule", "kept", "purged", "deleted", "proof")]
    rows = []
    for term in terms:
        key = f"privacy.rule_{term.rule.replace(' ', '_')}"
        name = tell(key) if tell.has(key) else term.rule
        if term.purged is None:
            proof, purged = pill(tell("privacy.not_yet")), "–"  # noqa: RUF001 - an en dash stands for nothing
        else:
            purged = _moment(services, page, term.purged)
            left = pill(tell("privacy.left", n=term.left_over), "bad")
            proof = left if term.left_over else pill(tell("privacy.none_left"), "good")
        rows.append((name, tell.duration(term.kept_s), purged, tell.number(term.deleted_24h), proof))
    return table(tell("privacy.terms"), heads, rows, numbers=(3,))


def _removals(page: Page, found: PrivacyReport) -> Html:
    tell = page.words

    def told(name: str, removals: Removals) -> Html:
        longest = "" if removals.longest_s is None else tell("privacy.longest", span=tell.duration(removals.longest_s))
        waiting = tell("privacy.open", n=removals.open) if removals.open else longest
        return tile(tell(f"privacy.{name}"), tell.number(removals.count), waiting)

    tiles = [told("erasures", found.erasures), told("withdrawals", found.withdrawals)]
    return joined([tag("dl", *tiles, class_="tiles wide"), tag("p", tell("privacy.removals_why"), class_="note")])


def _consents(page: Page, found: PrivacyReport) -> Html:
    tell = page.words
    if not found.consents:
        return tag("p", tell("privacy.no_consents"), class_="quiet")
    tiles = [
        tile(
            tell(f"privacy.purpose_{purpose}") if tell.has(f"privacy.purpose_{purpose}") else purpose,
            Html(page.figures.html(figure)),
        )
        for purpose, figure in found.consents.items()
    ]
    return tag("dl", *tiles, class_="tiles wide")


def _articles(page: Page, controls: list[Control]) -> Html:
    tell, is_chinese = page.words, page.words.language == "zh"
    heads = [tell(f"privacy.{name}") for name in ("control", "gdpr", "pipl", "yet")]
    rows = [
        (
            control.zh if is_chinese else control.en,
            ", ".join(control.gdpr),
            ", ".join(control.pipl),
            control.yet_zh if is_chinese else control.yet_en,
        )
        for control in controls
    ]
    return table(tell("privacy.articles"), heads, rows)


def _audit(services: Services, page: Page, lost: int) -> Html:
    tell, store = page.words, services.store
    heads = [tell(f"privacy.{name}") for name in ("when", "who", "what", "window", "status", "times")]
    rows = [
        (
            tell.moment(datetime.fromtimestamp(one.entry.at, services.site.timezone)),
            f"{one.entry.who or tell('privacy.nobody')} {one.entry.role}".strip(),
            joined([f"{one.entry.method} {one.entry.route}", tag("small", one.entry.subject)]),
            one.entry.query,
            str(one.entry.status),
            tell.number(one.requests),
        )
        for one in audit.newest(store.database, store.site, AUDIT_SHOWN)
    ]
    shown = table(tell("privacy.audit"), heads, rows, numbers=(4, 5))
    return joined([shown, tag("p", tell("privacy.audit_lost", n=lost), class_="bad")]) if lost else shown


def _moment(services: Services, page: Page, at: str) -> str:
    return page.words.moment(datetime.fromtimestamp(from_rfc3339(at), services.site.timezone))
