"""The door of the pages: a form that takes a token and gives a cookie."""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from central.api.gate import COOKIE, COOKIE_LIFE_S, Logins
from central.api.problems import problem

MAX_FORM_BYTES = 4096

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Atrium: log in</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width, initial-scale=1"><style>
body{{font:16px/1.5 system-ui,sans-serif;background:#f4f5f3;color:#1d2a2e;display:grid;place-items:center;
min-height:100vh;margin:0}} form{{background:#fff;padding:2.2rem 2.4rem;border-radius:12px;width:min(24rem,90vw);
box-shadow:0 1px 3px #0002;box-sizing:border-box}} h1{{font-size:1.35rem;margin:0 0 .2rem}}
p{{margin:0 0 1.3rem;color:#55656a}}
label{{display:block;font-weight:600;margin-bottom:.3rem}} input{{width:100%;box-sizing:border-box;font:inherit;
padding:.6rem .7rem;border:1px solid #9aa8ab;border-radius:7px}} button{{margin-top:1.1rem;width:100%;font:inherit;
font-weight:600;padding:.65rem;border:0;border-radius:7px;background:#12505b;color:#fff;cursor:pointer}}
.fault{{color:#9c2c13;font-weight:600;margin:.7rem 0 0}}</style></head><body>
<form method="post" action="/login"><h1>Atrium</h1><p>Log in with your role&rsquo;s token.</p>
<label for="token">Token</label><input id="token" name="token" type="password" autocomplete="current-password"
required autofocus>{fault}<button>Log in</button></form></body></html>"""


def login_router(logins: Logins) -> APIRouter:
    """Routes to log in and out."""
    router = APIRouter(include_in_schema=False)

    @router.get("/login")
    def show() -> HTMLResponse:
        return HTMLResponse(_PAGE.format(fault=""), headers={"Cache-Control": "no-store"})

    @router.post("/login")
    async def log_in(request: Request) -> Response:
        if int(request.headers.get("content-length") or 0) > MAX_FORM_BYTES:
            return problem(413, "the form is too large")
        content = (await request.body())[:MAX_FORM_BYTES].decode(errors="replace")
        token = parse_qs(content).get("token", [""])[0].strip()
        cookie = logins.cookie(token)
        if cookie is None:
            fault = '<p class="fault" role="alert">This token is not known, or has expired.</p>'
            return HTMLResponse(_PAGE.format(fault=fault), 401, headers={"Cache-Control": "no-store"})
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE,
            cookie,
            max_age=COOKIE_LIFE_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    @router.get("/logout")
    def log_out() -> Response:
        response = RedirectResponse("/login", 303)
        response.delete_cookie(COOKIE)
        return response

    return router
