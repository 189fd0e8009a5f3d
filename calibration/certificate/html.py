"""The certificate as one HTML file that needs nothing else: pictures inside, one printed A4 page a camera."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files

from calibration.certificate.content import (
    CAMERA_HEADS,
    FLOOR_HEADS,
    INKS,
    PAIRS_TITLE,
    SHORT,
    SIGNS,
    UNCHECKED,
    ZONE_HEADS,
    advice_words,
    agreement_words,
    camera_rows,
    centimetres,
    figures,
    floor_rows,
    footer,
    is_checked,
    is_roomy,
    zone_rows,
)
from calibration.certificate.limits import Limits, Verdict
from calibration.certificate.overall import best_grid
from calibration.certificate.pictures import Picture, draw_pairs, draw_plan, draw_view, legend_words, picture_of
from calibration.certificate.records import CameraCertificate, FloorCertificate
from calibration.site import Floor

LARGE_IN, SMALL_IN, TALLEST_IN = 7.1, 4.1, 3.3
PLAN_IN, BARS_IN = (3.4, 2.7), (7.1, 0.9)
CLASS = {SHORT[verdict]: verdict.replace(" ", "-") for verdict in INKS}


def html_of(certificate: FloorCertificate, floor: Floor, stills: Mapping[str, Picture]) -> str:
    """The whole certificate as one HTML document; ``stills`` are RGB pictures by camera."""
    style = files("calibration.certificate").joinpath("page.css").read_text(encoding="utf-8")
    inks = "".join(f".{verdict.replace(' ', '-')}{{--ink:{ink}}}" for verdict, ink in INKS.items())
    pages = [_camera_page(certificate, each, floor, stills.get(each.camera)) for each in certificate.cameras]
    if len(certificate.cameras) > 1:
        pages.insert(0, _floor_page(certificate, floor))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Certificate of floor {escape(floor.name)}</title>\n<style>\n{style}{inks}\n</style>\n</head>\n"
        f"<body>\n{''.join(pages)}</body>\n</html>\n"
    )


def _camera_page(certificate: FloorCertificate, camera: CameraCertificate, floor: Floor, still: Picture | None) -> str:
    limits, roomy = certificate.limits, is_roomy(camera)
    wide = LARGE_IN if roomy else SMALL_IN
    shape = camera.calibration.height / camera.calibration.width
    tall = min(wide * shape, TALLEST_IN)
    view = picture_of(
        lambda axes: draw_view(axes, camera, floor, limits, still),
        tall / shape,
        tall,
        "png" if still is None else "jpeg",
    )
    plan = picture_of(lambda axes: draw_plan(axes, camera.grid, floor, limits, [camera]), *PLAN_IN)
    words = f"<h2>What to do, what brings most first</h2>{_list('ol', advice_words(camera))}"
    if camera.findings:
        why = "Why it fails" if camera.verdict == "fail" else "Why it is no plain pass"
        words += f"<h2>{why}</h2>{_list('ul', [each.said for each in camera.findings])}"
    seen, over = _picture(view, _view_words(camera)), _picture(plan, _plan_words(camera))
    keys = _keys(limits, is_heat=camera.grid is not None)
    parts = [
        _head(f"{floor.name} \u00b7 camera certificate", camera.camera, camera.verdict),
        "<dl>" + "".join(f"<div><dt>{escape(a)}</dt><dd>{escape(b)}</dd></div>" for a, b in figures(camera)) + "</dl>",
    ]
    if roomy:
        parts.append(
            f'<div class="view">{seen}</div>{keys}<div class="halves"><div>{over}</div><div>{words}</div></div>'
        )
    else:
        parts.append(f'<div class="pictures">{seen}{over}</div>{keys}{words}')
    if camera.zones:
        parts.append(f"<h2>Zones</h2>{_table(ZONE_HEADS, zone_rows(camera))}")
    if is_checked(camera):
        bars = picture_of(lambda axes: _bars(axes, camera), *BARS_IN)
        parts.append(f"<h2>{PAIRS_TITLE}</h2>{_picture(bars, _pair_words(camera))}")
    elif camera.pairs:
        parts.append(f"<p>{UNCHECKED}</p>")
    words = agreement_words(camera)
    if words:
        parts.append(f'<p class="small">{escape(words)}</p>')
    return _page(camera.verdict, parts, footer(certificate, camera))


def _floor_page(certificate: FloorCertificate, floor: Floor) -> str:
    limits, grid = certificate.limits, best_grid(certificate)
    plan = picture_of(lambda axes: draw_plan(axes, grid, floor, limits, certificate.cameras), 7.2, 4.2)
    parts = [
        _head("floor certificate", floor.name, certificate.verdict),
        _picture(plan, f"Plan of {floor.name}: smallest expected error of its {len(certificate.cameras)} cameras"),
        _keys(limits, is_heat=grid is not None, is_floor=True),
    ]
    if certificate.findings:
        parts.append(f"<h2>What is wrong with the floor</h2>{_list('ul', [e.said for e in certificate.findings])}")
    parts.append(f"<h2>Zones</h2>{_table(FLOOR_HEADS, floor_rows(certificate))}")
    parts.append(f"<h2>Cameras</h2>{_table(CAMERA_HEADS, camera_rows(certificate))}")
    return _page(certificate.verdict, parts, footer(certificate))


def _page(verdict: Verdict, parts: Sequence[str], foot: str) -> str:
    body = "\n".join(parts)
    return f'<section class="page {verdict.replace(" ", "-")}">\n{body}\n<footer>{escape(foot)}</footer>\n</section>\n'


def _head(over: str, title: str, verdict: Verdict) -> str:
    return (
        f'<header><div><p class="over">{escape(over)}</p><h1>{escape(title)}</h1></div>'
        f'<strong class="verdict">{SIGNS[verdict]}</strong></header>'
    )


def _picture(content: bytes, words: str) -> str:
    return f'<img alt="{escape(words)}" src="data:image/png;base64,{base64.b64encode(content).decode()}">'


def _bars(axes: object, camera: CameraCertificate) -> None:
    axes.set_position((0.0, 0.16, 1.0, 0.84))  # type: ignore[attr-defined]
    draw_pairs(axes, camera)  # type: ignore[arg-type]


def _keys(limits: Limits, *, is_heat: bool, is_floor: bool = False) -> str:
    spans = []
    if is_heat:
        spans.append("<span>expected error:</span>")
        spans += [f'<span><i style="background:{colour}"></i>{words}</span>' for colour, words in legend_words(limits)]
    spans.append("<span><i class=hatch></i>seen, nobody knows how well</span>" * (is_floor or not is_heat))
    if not is_floor:
        spans.append("<span><i class=suspect></i>suspect pair</span><span><i class=next></i>where to click next</span>")
    return f'<p class="keys">{"".join(spans)}</p>'


def _list(kind: str, words: Sequence[str]) -> str:
    return f"<{kind}>{''.join(f'<li>{escape(each)}</li>' for each in words)}</{kind}>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    lines = []
    for row in rows:
        cells = [f'<th scope="row">{escape(row[0])}</th>']
        for cell in row[1:]:
            mark = f' class="word {CLASS[cell]}"' if cell in CLASS else ""
            cells.append(f"<td{mark}>{escape(cell)}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _view_words(camera: CameraCertificate) -> str:
    suspects = [str(pair.number) for pair in camera.pairs if pair.is_suspect]
    bad = f"; suspect: {', '.join(suspects)}" if suspects else ""
    return f"What {camera.camera} sees, with zones, floor grid, horizon and its {len(camera.pairs)} pairs{bad}"


def _plan_words(camera: CameraCertificate) -> str:
    zones = "; ".join(f"{zone.name} {centimetres(zone.error_cm)}" for zone in camera.zones)
    return f"Plan with the expected error of {camera.camera} at each place{': ' if zones else ''}{zones}"


def _pair_words(camera: CameraCertificate) -> str:
    each = ", ".join(f"pair {pair.number}: {centimetres(pair.left_out_cm)}" for pair in camera.pairs)
    return f"Bars, distance of each pair from what the others say: {each}"
