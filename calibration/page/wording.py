"""What the page says beside the two views, as HTML: cameras, what to do now, pairs, and the verdict."""

from __future__ import annotations

import math
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from calibration.certificate.limits import Limits
from calibration.page.bench import Bench
from calibration.page.desk import Desk
from calibration.page.ports import CertificateView, Verdict, ZoneError
from calibration.solve.pairs import FEWEST

SIGN = {"pass": "✓", "remarks": "!", "fail": "✕", "unjudged": "●", "none": "○"}
WORD: dict[Verdict, str] = {
    "pass": "Pass",
    "remarks": "Pass with remarks",
    "fail": "Fail",
    "unjudged": "Calibrated, without a certificate",
    "none": "No calibration",
}
ENOUGH_PAIRS = Limits().pairs_lens
"""So many show what the lens bends."""
SHARE_SEEN = 0.995


def cameras_html(names: tuple[str, ...], verdicts: dict[str, Verdict], chosen: str | None) -> str:
    """The list of cameras, each with its state."""
    buttons = []
    for name in names:
        verdict = verdicts.get(name, "none")
        pressed = "true" if name == chosen else "false"
        buttons.append(
            f'<button type="button" class="camera {verdict}" id="camera-{name}" data-do="open" data-camera="{name}" '
            f'aria-pressed="{pressed}"><b aria-hidden="true">{SIGN[verdict]}</b> {name}'
            f'<span class="hidden">: {WORD[verdict]}</span></button>'
        )
    return "".join(buttons)


def status_html(desk: Desk | None) -> str:
    """One line: what to do now, or what is wrong."""
    if desk is None:
        kind, text = "ask", "Choose a camera."
    elif desk.picture_fault:
        kind, text = "bad", f"No picture: {desk.picture_fault}"
    elif desk.snapshot is None:
        kind, text = "busy", "Waiting for the picture…"
    elif desk.workspace.marks.waiting is not None:
        is_picture = desk.workspace.marks.waiting[0] == "picture"
        kind, text = "ask", "Now the same spot on the plan." if is_picture else "Now the same spot in the picture."
    elif desk.said:
        kind, text = "done", desk.said
    else:
        kind, text = _progress(desk)
    return f'<p class="{kind}">{escape(text)}</p>'


def _progress(desk: Desk) -> tuple[str, str]:
    """What kind of line, and what it says, of the points as they are."""
    count, certificate = len(desk.workspace.marks.pairs), desk.findings.certificate
    if desk.is_solving:
        return "busy", f"{count} pairs. Solving…"
    if desk.findings.fault:
        return "bad", _sentence(desk.findings.fault)
    if certificate is None:
        spot = "the next spot, well away from the others" if count else "a spot on the floor: a corner, a tile's edge"
        return "ask", f"Click {spot}. Pair {count + 1} of {ENOUGH_PAIRS}."
    kind = {"pass": "done", "fail": "bad"}.get(certificate.verdict, "ask")
    following = next(iter((*certificate.advice, *certificate.findings)), "")
    return kind, f"{WORD[certificate.verdict]}. {certificate.headline} {following}"


def pairs_html(desk: Desk | None) -> str:
    """The table of pairs, the worst one marked."""
    pairs = desk.workspace.marks.pairs if desk is not None else ()
    if desk is None or not pairs:
        return '<p class="quiet">Pairs appear here, each with how far it is off from what all the others say.</p>'
    found = [desk.findings.residuals.get(pair) for pair in pairs]
    offs = [residual.left_out_m if residual is not None else -1.0 for residual in found]
    worst = max(range(len(pairs)), key=lambda k: offs[k]) if len(pairs) > FEWEST and max(offs) >= 0 else None
    chosen = desk.workspace.selection
    rows = []
    for k, (pair, residual) in enumerate(zip(pairs, found, strict=True)):
        off = "…" if residual is None else _off(residual.left_out_m)
        note = "wrong" if residual is not None and not residual.is_used else ("worst" if k == worst else "")
        is_chosen = " class='chosen'" if chosen is not None and chosen.index == k else ""
        rows.append(
            f'<tr{is_chosen}><td><button type="button" class="pick" id="pick-{k}" data-do="select" data-index="{k}" '
            f'aria-label="Select pair {k + 1}">{k + 1}</button></td>'
            f"<td class='number'>{pair.plan[0]:.2f}, {pair.plan[1]:.2f}</td>"
            f"<td class='number {note}'>{off}</td><td class='{note}'>{note}</td>"
            f'<td><button type="button" class="remove" id="remove-{k}" data-do="remove" data-index="{k}" '
            f'aria-label="Delete pair {k + 1}">✕</button></td></tr>'
        )
    return (
        '<table><thead><tr><th scope="col">Pair</th><th scope="col" class="number">Plan, m</th>'
        '<th scope="col" class="number"><abbr title="Distance to what all the other pairs say">Off, cm</abbr></th>'
        f'<th><span class="hidden">Remark</span></th><th><span class="hidden">Delete</span></th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
        '<button type="button" id="clear" data-do="clear">Delete all pairs</button>'
    )


def certificate_words(bench: Bench) -> str:
    """How the floor's certificate, by which its box starts, is getting on; empty before anything was saved."""
    return {
        "": "",
        "busy": "The floor's certificate is being made anew.",
        "done": "The floor's certificate is up to date.",
        "failed": _sentence(f"No new certificate for the floor: {bench.renewal_fault}"),
    }[bench.renewal]


def result_html(desk: Desk | None, finished: bool, of_floor: str = "") -> str:
    """The verdict as it stands; the whole certificate with its button to save once finished.

    Args:
        desk: the camera's, or None.
        finished: whether all points are set.
        of_floor: see `certificate_words`.
    """
    if desk is None:
        return '<p class="quiet">The verdict appears here.</p>'
    certificate, solution = desk.findings.certificate, desk.findings.solution
    if certificate is None or solution is None:
        count = f"{len(desk.workspace.marks.pairs)} of {ENOUGH_PAIRS} pairs."
        return f'<p class="quiet">{count} From the {FEWEST}th on the camera is solved at every click.</p>'
    busy = " busy" if desk.is_solving else ""
    head = (
        f'<h2 class="verdict {certificate.verdict}{busy}"><b aria-hidden="true">{SIGN[certificate.verdict]}</b> '
        f'<span id="verdict">{WORD[certificate.verdict]}</span></h2><p>{escape(certificate.headline)}</p>'
    )
    if not finished:
        return f"{head}{_why(certificate)}"
    off = " disabled" if desk.is_solving else ""
    rows = "".join(_zone_row(zone) for zone in certificate.zones)
    kept = ' <span class="kept">Saved.</span>' if desk.is_saved else ""
    return (
        f"{head}<table><thead><tr><th scope='col'>Zone</th><th scope='col' class='number'>Expected, cm</th>"
        f"<th scope='col' class='number'>Seen</th></tr></thead><tbody>{rows}</tbody></table>"
        f"{_why(certificate)}"
        f'<p class="quiet">{escape(desk.name)}: {len(solution.pairs)} pairs, {int(solution.is_used.sum())} used; '
        f"lens terms: {escape(solution.model)}.</p>"
        f'<button type="button" class="main" id="save" data-do="save"{off}>Save</button>'
        f'<a id="certificate" href="/certificate/{desk.name}" target="_blank" rel="noopener">Open the certificate</a>'
        f'<button type="button" id="back" data-do="unfinish">Back to the points</button>{kept}'
        + (f'<p class="quiet" id="renewal">{escape(of_floor)}</p>' if of_floor else "")
    )


def caption_text(desk: Desk | None, zone: ZoneInfo) -> str:
    """Under the picture: whose it is and when it was taken."""
    if desk is None or desk.snapshot is None:
        return ""
    taken = datetime.fromtimestamp(desk.snapshot.taken_at, zone)
    size = desk.snapshot.size
    return f"{desk.name}, {taken:%H:%M:%S}, {size[0]} x {size[1]}"


def _zone_row(zone: ZoneError) -> str:
    figure = "–" if math.isnan(zone.error_m) else f"{zone.error_m * 100:.0f}"  # noqa: RUF001 - a dash is meant
    seen = "all" if zone.seen >= SHARE_SEEN else f"{zone.seen:.0%}"
    return (
        f"<tr><td><b class='{zone.verdict}' aria-label='{WORD[zone.verdict]}'>{SIGN[zone.verdict]}</b> "
        f"{escape(zone.name)}</td><td class='number'>{figure}</td><td class='number'>{seen}</td></tr>"
    )


def _why(certificate: CertificateView) -> str:
    """Why it is no plain pass, and what to do, what brings most first."""
    return "".join(
        f"<{kind} class='advice'>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</{kind}>"
        for kind, lines in (("ul", certificate.findings), ("ol", certificate.advice))
        if lines
    )


def _off(left_out_m: float) -> str:
    """Centimetres; in words where the others put the pair's pixel beyond the horizon."""
    return f"{left_out_m * 100:.0f}" if math.isfinite(left_out_m) else "horizon"


def _sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
