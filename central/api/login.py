"""The doors of the pages: what comes in by a form, goes out with a session."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from urllib.parse import parse_qs

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from itsdangerous import BadSignature, Signer
from starlette.responses import Response

from central.api.doors import LOGIN, PASSWORD, WELCOME, Door, door_page
from central.api.gate import COOKIE, CSRF_COOKIE, login_of
from central.identity.identity import Identity
from central.identity.origin import is_same_origin
from central.identity.sessions import LIFE_S
from central.pages.reader import theme_of, words_of
from central.privacy.audit import AuditTrail
from central.store.audit import Entry
from contract.errors import BadInputError

DOOR_COOKIE = "atrium_door"
AT_ONCE = 2
"""Password checks at a time: each takes 64 MiB and a core for a tenth of a second."""
MOST_WAITING = 40
"""Beyond, a login is asked to come again: a flood of guesses must not keep everybody else from everything."""

MOST_NAME = 64

Form = dict[str, str]


class Doorman:
    """Opens the doors.

    Args:
        identity: who may come in.
        trail: where it is written down.
        key: hex, of the installation's secrets.
        clock: seconds since 1970.
    """

    def __init__(self, identity: Identity, trail: AuditTrail, key: str, clock: Callable[[], float]) -> None:
        self._identity = identity
        self._trail = trail
        self._clock = clock
        self._signer = Signer(bytes.fromhex(key), salt="atrium.door", digest_method=sha256)
        self._at_once = anyio.CapacityLimiter(AT_ONCE)

    def show(self, request: Request, door: Door, fault: str = "", status: int = 200, wait_s: int = 0) -> Response:
        """The form, with a word of ours that must come back with it (signed double submit)."""
        csrf = request.cookies.get(DOOR_COOKIE, "")
        if not self._is_signed(csrf):
            csrf = self._signer.sign(secrets.token_urlsafe(16)).decode()
        headers = {"Cache-Control": "no-store"} | ({"Retry-After": str(wait_s)} if wait_s else {})
        response = HTMLResponse(door_page(door, csrf, words_of(request), theme_of(request), fault), status, headers)
        _set_cookie(response, request, DOOR_COOKIE, csrf)
        return response

    def refuse(self, request: Request, door: Door, why: str, status: int, wait_s: int = 0) -> Response:
        """The form again, with the word ``doors.why`` for what is wrong."""
        return self.show(request, door, words_of(request)(f"doors.{why}", n=wait_s), status, wait_s)

    async def log_in(self, request: Request) -> Response:
        """Into a session by name and password, or by token."""
        form = await _form(request)
        if not self._is_ours(request, form):
            return self.refuse(request, LOGIN, "not_ours", 403)
        token, name = form.get("token", "").strip(), form.get("name", "").strip()[:MOST_NAME]
        now, enter = self._clock(), self._identity
        if token:
            work = partial(enter.enter_with_token, token, now)
            return await self._enter(request, LOGIN, "", "wrong_token", work)
        work = partial(enter.enter_with_password, name, form.get("password", ""), now)
        return await self._enter(request, LOGIN, name, "wrong_password", work)

    async def welcome(self, request: Request) -> Response:
        """The first administrator, by the code that was printed."""
        form = await _form(request)
        if not self._identity.users.awaits_first():
            return RedirectResponse("/login", 303)
        if not self._is_ours(request, form):
            return self.refuse(request, WELCOME, "not_ours", 403)
        if form.get("password") != form.get("again"):
            return self.refuse(request, WELCOME, "differ", 422)
        given = (form.get("code", ""), form.get("name", "").strip(), form.get("password", ""), self._clock())
        return await self._enter(request, WELCOME, "", "wrong_code", partial(self._identity.enter_as_first, *given))

    async def change_password(self, request: Request) -> Response:
        """Another password for who is logged in, who has to log in again with it."""
        form, login = await _form(request), login_of(request)
        if not self._is_ours(request, form, session=True):
            return self.refuse(request, PASSWORD, "not_ours", 403)
        if form.get("password") != form.get("again"):
            return self.refuse(request, PASSWORD, "differ", 422)
        if login.kind != "user":
            return self.refuse(request, PASSWORD, "no_password", 422)
        now, users, fresh = self._clock(), self._identity.users, form.get("password", "")

        def change() -> str | None:
            if users.check(login.name, form.get("present", ""), now) is None:
                return None
            users.set_password(login.name, fresh, now)
            return ""

        return await self._enter(request, PASSWORD, login.name, "wrong_present", change)

    async def _enter(
        self, request: Request, door: Door, name: str, wrong: str, work: Callable[[], str | None]
    ) -> Response:
        """What ``work`` comes to: a session's cookie, empty for none, None where it is ``wrong`` (a word)."""
        brake, address = self._identity.brake, _address(request)
        if self._at_once.statistics().tasks_waiting >= MOST_WAITING:
            return self.refuse(request, door, "busy", 503, 5)
        async with self._at_once:
            if wait_s := brake.login_wait(name, address):
                self._note(door, name, 429, address)
                return self.refuse(request, door, "wait", 429, wait_s)
            try:
                cookie = await anyio.to_thread.run_sync(work)
            except BadInputError as error:
                return self.show(request, door, str(error), 422)
            if cookie is None:
                brake.wrong_login(name, address)
                self._note(door, name, 401, address)
                return self.refuse(request, door, wrong, 401)
        brake.right_login(name, address)
        self._note(door, name, 303, "")
        return await self._let_in(request, cookie) if cookie else _leave()

    async def log_out(self, request: Request) -> Response:
        """Out, with the session ended here and not only in the browser; a link on another site cannot do that."""
        if is_same_origin(request.scope, request.scope["state"]["host"]) is not False or _is_typed(request):
            await anyio.to_thread.run_sync(self._identity.sessions.end, request.cookies.get(COOKIE, ""))
        return _leave()

    async def _let_in(self, request: Request, cookie: str) -> Response:
        """A fresh session's cookie; whatever session the browser came with is over."""
        sessions = self._identity.sessions
        await anyio.to_thread.run_sync(sessions.end, request.cookies.get(COOKIE, ""))
        session = sessions.find(cookie, self._clock())
        response = RedirectResponse("/", 303)
        _set_cookie(response, request, COOKIE, cookie, life_s=int(LIFE_S))
        if session is not None:
            csrf = sessions.csrf(session.sha256)
            _set_cookie(response, request, CSRF_COOKIE, csrf, life_s=int(LIFE_S), readable=True)
        response.delete_cookie(DOOR_COOKIE)
        return response

    def _note(self, door: Door, name: str, status: int, address: str) -> None:
        """Write down who tried; only names that somebody has, as people type passwords into the wrong field."""
        known = name if name and self._identity.users.find(name) is not None else ""
        entry = Entry(self._clock(), known, "user" if known else "", "", "POST", door.action, "", "", status, address)
        self._trail.note(entry)

    def _is_ours(self, request: Request, form: Form, *, session: bool = False) -> bool:
        """Whether a browser sent a form of ours.

        A program says nothing of origins; at a door that uses no session it may do without, as it has none to lose.
        """
        origin = is_same_origin(request.scope, request.scope["state"]["host"])
        if origin is None and not session:
            return True
        sent, kept = form.get("csrf", ""), request.cookies.get(DOOR_COOKIE, "")
        return origin is not False and self._is_signed(kept) and hmac.compare_digest(sent.encode(), kept.encode())

    def _is_signed(self, word: str) -> bool:
        try:
            self._signer.unsign(word)
        except BadSignature:
            return False
        return True


def login_router(identity: Identity, trail: AuditTrail, key: str, clock: Callable[[], float]) -> APIRouter:
    """Routes to log in and out, to be the first, to change one's password."""
    router = APIRouter(include_in_schema=False)
    doorman = Doorman(identity, trail, key, clock)

    @router.get("/login")
    def show_login(request: Request) -> Response:
        return doorman.show(request, LOGIN)

    @router.get("/welcome")
    def show_welcome(request: Request) -> Response:
        return doorman.show(request, WELCOME) if identity.users.awaits_first() else RedirectResponse("/login", 303)

    @router.get("/password")
    def show_password(request: Request) -> Response:
        return doorman.show(request, PASSWORD)

    router.add_api_route("/login", doorman.log_in, methods=["POST"])
    router.add_api_route("/welcome", doorman.welcome, methods=["POST"])
    router.add_api_route("/password", doorman.change_password, methods=["POST"])
    router.add_api_route("/logout", doorman.log_out, methods=["GET", "POST"])
    return router


async def _form(request: Request) -> Form:
    content = (await request.body()).decode(errors="replace")
    return {name: values[0] for name, values in parse_qs(content, max_num_fields=20).items()}


def _leave() -> Response:
    response = RedirectResponse("/login", 303)
    for name in (COOKIE, CSRF_COOKIE):
        response.delete_cookie(name)
    return response


def _set_cookie(
    response: Response, request: Request, name: str, value: str, life_s: int | None = None, *, readable: bool = False
) -> None:
    response.set_cookie(
        name, value, max_age=life_s, httponly=not readable, samesite="strict", secure=request.scope["scheme"] == "https"
    )


def _address(request: Request) -> str:
    return "" if request.client is None else request.client.host


def _is_typed(request: Request) -> bool:
    """Whether the address was typed or is a bookmark, so that no page stands behind it."""
    return request.headers.get("sec-fetch-site") == "none"
