"""Boxes, their cameras and accounts on the ops page."""

from __future__ import annotations

import math

from central.ops.evidence import camera_health, has_health, is_heard
from central.ops.lights import Light, box_light, camera_light
from central.pages.i18n import Words
from central.pages.markup import Html, Mood, card, joined, pill, table, tag, tile
from central.pages.ops.orders import restart_button
from central.pages.ops.telling import Telling
from central.store.accounts import Account
from central.store.boxes import Box, Camera

LEAST_TOLD = 0.01
"""A smaller estimate is told as being under it."""
MOODS: dict[Light, Mood] = {"good": "good", "warning": "warn", "bad": "bad", "off": "", "unknown": ""}


def boxes_html(told: Telling) -> Html:
    """Every box: closed where all is well with it, open where it is not."""
    words = told.words
    if not told.look.state.boxes:
        return card(words("ops.boxes"), tag("p", words("ops.no_boxes"), class_="quiet"), ident="boxes-card")
    found = (_box(told, box) for box in told.look.state.boxes)
    return card(words("ops.boxes"), tag("div", *found, class_="boxes"), ident="boxes-card")


def light_html(told: Telling, light: Light) -> Html:
    """A light as a word."""
    return pill(told.words(f"ops.light_{light}"), MOODS[light])


def _box(told: Telling, box: Box) -> Html:
    words, state, faults = told.words, told.look.state, told.look.faults
    lights = {camera.camera: camera_light(state, box, camera, faults) for camera in box.cameras}
    seeing = sum(light == "good" for light in lights.values())
    sees_all = all(light in {"good", "off"} for light in lights.values())
    is_well = box_light(state, box, faults) == "good" and sees_all
    heard = words("ops.never_heard") if box.last_heard is None else words("ops.heard", span=told.span(box.last_heard))
    summary = tag(
        "summary",
        light_html(told, box_light(state, box, faults)),
        tag("b", box.box),
        tag("span", told.floor(box.floor)),
        tag("span", heard, class_="quiet"),
        tag("span", words("ops.cameras_seeing", seeing=seeing, n=len(lights)), class_="" if sees_all else "bad")
        if lights
        else "",
    )
    parts = [summary, _figures(told, box), _accounts(told, box), _commands(told, box) if told.may_act else Html("")]
    if box.cameras:
        parts.append(_cameras(told, box, lights))
    return tag("details", *parts, class_="box", open=not is_well, data_key=f"box-{box.box}")


def _figures(told: Telling, box: Box) -> Html:
    words = told.words
    health = box.health or {}
    is_fresh = has_health(told.look.state, box)

    def figure(name: str, key: str, unit: str, scale: float = 1.0) -> Html:
        value = health.get(key) if is_fresh else None
        text = (
            words("ops.unknown") if value is None else words(f"ops.{unit}", **{_NAMES[unit]: round(value * scale, 1)})
        )
        return tile(words(f"ops.{name}"), text)

    return tag(
        "dl",
        tile(words("ops.positions"), told.ago(box.positions_heard)),
        tile(words("ops.health"), told.ago(box.health_heard)),
        tile(words("ops.clock"), _clock(told, box)),
        figure("outbox", "outbox_depth", "events"),
        figure("temperature", "temperature_c", "celsius"),
        figure("step", "step_ms", "ms"),
        tile(words("ops.box_disk"), _disk(words, health.get("disk_free") if is_fresh else None)),
        tile(words("ops.doubles"), _estimate(words, health.get("duplicate_share") if is_fresh else None)),
        tile(words("ops.fragments"), _estimate(words, health.get("fragment_share") if is_fresh else None)),
        tile(words("ops.version"), box.version or words("ops.unknown")),
        tile(words("ops.calibration"), box.calibration or words("ops.by_unknown")),
        class_="tiles small",
    )


_NAMES = {"events": "n", "celsius": "celsius", "ms": "ms"}


def _disk(words: Words, free: float | None) -> str:
    """How full the box's disk is, in whole per cents: 100 is a disk with nothing left."""
    if free is None:
        return words("ops.unknown")
    return words("ops.full", percent=100 - math.ceil(round(100 * free, 2)))


def _estimate(words: Words, share: float | None) -> str:
    """An estimated share in whole per cents: it is not known better than by about a half."""
    if share is None:
        return words("ops.unknown")
    return words("ops.percent", percent=round(100 * share)) if share >= LEAST_TOLD else words("ops.under_percent")


def _clock(told: Telling, box: Box) -> str:
    """How far the box's clock is ahead of ours, as its messages tell."""
    if box.skew_s is None:
        return told.words("ops.unknown")
    return told.words("ops.clock_off", off=f"{round(box.skew_s, 1) + 0.0:+.1f}")  # no minus nought


def _accounts(told: Telling, box: Box) -> Html:
    mine = [account for account in told.look.state.accounts if account.box == box.box]
    return tag("ul", *(_account(told, account) for account in mine), class_="accounts") if mine else Html("")


def _account(told: Telling, account: Account) -> Html:
    words = told.words
    short = words("ops.account", missing=account.missing, replayed=account.duplicates)
    more = words("ops.account_more", received=account.received, last=account.highest, refused=account.refused)
    title = words("ops.account_title", session=account.session[:8])
    given_up = f" ({words('ops.account_abandoned')})" if account.state == "abandoned" else ""
    return tag(
        "li",
        title,
        ": ",
        tag("b", short + given_up, class_="bad" if account.missing else "good"),
        tag("small", more),
        data_key=account.session,
    )


def _commands(told: Telling, box: Box) -> Html:
    buttons = (
        tag("button", told.words(f"ops.{name}"), type="button", class_="plain", data_act=name, data_box=box.box)
        for name in ("report", "reload")
    )
    return tag("div", *buttons, _reply(told, box), class_="acts")


def _reply(told: Telling, box: Box) -> Html:
    """The box's newest answer to a command."""
    reply = box.last_reply
    if reply is None:
        return Html("")
    said = f"{reply['command']} {'✓' if reply['ok'] else '✗'} {reply['detail']}".strip()
    return tag("span", told.words("ops.reply", time=told.moment(reply["at"]), reply=said), class_="quiet")


def _cameras(told: Telling, box: Box, lights: dict[str, Light]) -> Html:
    words = told.words
    names = ["camera", "light", "state", "fps", "behind", "turned", "detail"]
    heads = [words(f"ops.{name}") for name in names]
    rows = [_camera(told, box, camera, lights[camera.camera]) for camera in box.cameras]
    if told.may_act:
        heads.append(words("ops.restart"))
        rows = [
            [*row, restart_button(told, box.box, camera.camera, words("ops.restart"))]
            for row, camera in zip(rows, box.cameras, strict=True)
        ]
    return table(f"{words('ops.boxes')}: {box.box}", heads, rows, numbers=(3, 4, 5))


def _camera(told: Telling, box: Box, camera: Camera, light: Light) -> list[Html | str]:
    words = told.words
    figures = camera_health(box).get(camera.camera) if has_health(told.look.state, box) else None
    heard = is_heard(told.look.state, box)
    fps, behind = "–", "–"  # noqa: RUF001 - an en dash stands for nothing
    if figures is not None and heard:
        fps = words("ops.fps_of", analysed=figures["analysed_fps"], received=figures["received_fps"])
        behind = words("ops.ms", ms=round(figures["latency_ms"]))
    turned = "" if camera.moved_deg is None else words("ops.degrees", degrees=camera.moved_deg)
    state = words(f"ops.state_{camera.state}") if heard else words("ops.silent_now")
    since = tag("small", words("ops.since_time", time=told.moment(camera.since)))
    return [
        camera.camera,
        light_html(told, light),
        joined([state, since if heard else ""]),
        fps,
        behind,
        turned,
        camera.detail,
    ]
