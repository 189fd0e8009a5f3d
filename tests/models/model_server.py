"""A real HTTP server that gives one file, well or badly, and a real proxy; both in threads of the test."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import ProxyHandler, build_opener


class ModelServer:
    """Serves ``body`` at every path. Use as a context.

    ranges: answers Range requests with 206. cuts: bytes after which answers break off, one for each request in turn;
    after the last, answers are whole. status: instead of 200. told: Content-Length, where it lies. slow: seconds
    between pieces. redirect: sends the first request on to another path.
    """

    def __init__(self, body, *, ranges=True, cuts=(), status=None, told=None, slow=0.0, redirect=False, length=True):
        self.body, self.ranges, self.cuts, self.status = body, ranges, list(cuts), status
        self.told, self.slow, self.redirect, self.length = told, slow, redirect, length
        self.requests: list[tuple[str, str | None]] = []
        handler = type("Handler", (_Handler,), {"site": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}/zoo/object_detection.onnx"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class _Handler(BaseHTTPRequestHandler):
    site: ModelServer
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        site = self.site
        asked = self.headers.get("Range")
        site.requests.append((self.path, asked))
        if site.redirect and not self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/moved" + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if site.status is not None:
            self.send_error(site.status)
            return
        body, start = site.body, 0
        if asked and site.ranges:
            start = int(asked.removeprefix("bytes=").split("-")[0])
            if start >= len(body):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        rest = body[start:]
        if site.length:
            self.send_header("Content-Length", str(site.told if site.told is not None else len(rest)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        cut = site.cuts.pop(0) if site.cuts else len(rest)
        try:
            for place in range(0, min(cut, len(rest)), 4096):
                self.wfile.write(rest[place : min(place + 4096, cut)])
                if site.slow:
                    self.wfile.flush()
                    time.sleep(site.slow)
        except OSError:
            pass
        if cut < len(rest) or not site.length:
            self.close_connection = True

    def log_message(self, *_):
        pass


class Proxy:
    """An HTTP proxy that fetches what it is asked for and remembers the addresses."""

    def __init__(self):
        self.asked: list[str] = []
        handler = type("Through", (_Through,), {"proxy": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    __enter__ = ModelServer.__enter__
    __exit__ = ModelServer.__exit__


class _Through(BaseHTTPRequestHandler):
    proxy: Proxy

    def do_GET(self):
        self.proxy.asked.append(self.path)
        address = self.path.replace("http://models.example", self.server.behind)
        with build_opener(ProxyHandler({})).open(address) as answer:
            body = answer.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
