"""A message platform as there are many: lends tokens, takes JSON messages, answers with codes; real HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, Any]]
FINE: Answer = (200, {"errcode": 0, "errmsg": "ok"})


class Platform:
    """Sends a message for every post it takes; with ``honours_keys`` one for each key.

    Attributes:
        sent: the messages that reached somebody.
        posts: how often it was asked to send.
        tokens: tokens lent so far.
        behave: called with the message; an answer to give instead of sending, or None.
        after: called once a message is sent, before the answer goes out.
    """

    def __init__(  # noqa: C901 - a server in a nutshell
        self, *, honours_keys: bool = False, token_life_s: float = 7200.0
    ) -> None:
        self.sent: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.posts: list[float] = []
        self.tokens: list[str] = []
        self.asked_for: list[str] = []
        self.people: dict[str, str] = {}
        self.token_life_s = token_life_s
        self.behave: Callable[[dict[str, Any]], Answer | None] = lambda _message: None
        self.after: Callable[[BaseHTTPRequestHandler], None] = lambda _handler: None
        platform, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(asked.query).items()}
                if asked.path == "/token":
                    self._say(platform._lend(query))
                elif asked.path == "/sent":
                    found = query["id"] in platform.keys
                    self._say(FINE if found else (404, {"errcode": 40404}))
                else:
                    member = asked.path.removeprefix("/crm/")
                    platform.asked_for.append(member)
                    known = platform.people.get(member)
                    self._say((200, {"data": {"openid": known}}) if known else (404, {}))

            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                token = parse_qs(urlsplit(self.path).query)["access_token"][0]
                with lock:
                    platform.posts.append(time.time())
                    if not platform.tokens or token != platform.tokens[-1]:
                        self._say((200, {"errcode": 42001, "errmsg": "access_token expired"}))
                        return
                    answer = platform.behave(message)
                    key = self.headers.get("Idempotency-Key", "")
                    if answer is None and not (honours_keys and key in platform.keys):
                        platform.sent.append(message)
                        platform.keys.append(key)
                if answer is None:
                    platform.after(self)
                self._say(answer or FINE)

            def _say(self, answer: Answer) -> None:
                status, content = answer
                body = json.dumps({name: value for name, value in content.items() if name != "retry-after"}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if "retry-after" in content:
                    self.send_header("Retry-After", content["retry-after"])
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that went away."""

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def _lend(self, query: dict[str, str]) -> Answer:
        if (query.get("appid"), query.get("secret")) != ("app 1", "s&cret"):
            return (200, {"errcode": 40125, "errmsg": "invalid appsecret"})
        self.tokens.append(f"token-{len(self.tokens)}")
        return (200, {"access_token": self.tokens[-1], "expires_in": self.token_life_s})

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


ADAPTER = """
[adapter]
kind = "template"
url = "ADDRESS/send?access_token={token}"
token_url = "ADDRESS/token?appid={id}&secret={secret}"
id = "app 1"
secret_file = "platform.secret"
timeout_s = 2.0
longest = { wording = 20 }

[adapter.codes]
token_expired = [42001, 40001]
refused = [43101]
rate_limited = [45009]
again = [-1]

[adapter.message]
touser = "{to}"
template_id = "lunch-7"
page = "pages/coupon?code={code}"

[adapter.message.data]
thing1 = { value = "{wording}" }
character_string2 = { value = "{code}" }
date3 = { value = "{expires}" }
"""
"""What a mall would write for it."""
