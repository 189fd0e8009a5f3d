"""The rendered web server before central: TLS outside; streams, sockets and addresses as central needs them."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from firmware_configs.render import render
from tests.broker import free_port
from tests.firmware_configs.hosts import need_root, write_central
from tests.firmware_configs.mall_brokers import Authority

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")
WAIT_S = 10.0


class Central(BaseHTTPRequestHandler):
    """Says what it was asked with; streams one line, and the next when the test has had the first."""

    protocol_version = "HTTP/1.1"
    first_is_read = threading.Event()

    def do_GET(self) -> None:
        if self.headers.get("Upgrade"):
            self.send_response(101)
            self.send_header("Upgrade", self.headers["Upgrade"])
            self.send_header("Connection", self.headers["Connection"])
            self.end_headers()
            self.close_connection = True
            return
        self.send_response(200)
        if self.path == "/stream":
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b"first\n")
            self.wfile.flush()
            self.first_is_read.wait(WAIT_S)
            self.wfile.write(b"second\n")
            self.close_connection = True
            return
        said = "\n".join(f"{name}: {value}" for name, value in self.headers.items()).encode()
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    need_root("nginx changes to its own user")
    if NGINX is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light")
    central = ThreadingHTTPServer(("127.0.0.1", 0), Central)
    serving = threading.Thread(target=central.serve_forever)
    serving.start()
    port = free_port()
    Authority().write(tmp_path, "web", "web")
    config = write_central(tmp_path / "c", ("[mqtt]", f"[http]\nport = {central.server_port}\n\n[mqtt]"))
    text = render(config)["/etc/nginx/conf.d/atrium.conf"].content.decode()
    assert "listen 443 ssl;" in text
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace("/etc/atrium/tls/", f"{tmp_path}/")
    (tmp_path / "nginx.conf").write_text(
        f"daemon off;\npid {tmp_path}/pid;\nevents {{}}\nhttp {{\n{text}\n}}\n", encoding="utf-8"
    )
    server = subprocess.Popen(
        [NGINX, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "errors")], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            with socket.socket() as caller:
                if caller.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        assert server.poll() is None, (tmp_path / "errors").read_text(encoding="utf-8")
        yield port, ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    finally:
        server.terminate()
        server.wait()
        central.shutdown()
        serving.join()
        central.server_close()


def test_central_hears_who_asks_and_that_it_was_over_tls(proxy: tuple[int, ssl.SSLContext]) -> None:
    port, trust = proxy
    forged = {"X-Forwarded-For": "10.9.9.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "elsewhere"}
    with httpx.Client(verify=trust) as client:
        said = client.get(f"https://127.0.0.1:{port}/", headers=forged).text.splitlines()
        assert client.post(f"https://127.0.0.1:{port}/", content=bytes(2 << 20)).status_code == 413
    assert "X-Forwarded-For: 127.0.0.1" in said
    assert "X-Forwarded-Proto: https" in said
    assert f"Host: 127.0.0.1:{port}" in said
    assert "10.9.9.9" not in "".join(said)
    assert "elsewhere" not in "".join(said)


def test_a_stream_is_not_held_back(proxy: tuple[int, ssl.SSLContext]) -> None:
    port, trust = proxy
    Central.first_is_read.clear()
    with (
        httpx.Client(verify=trust, timeout=5) as client,
        client.stream("GET", f"https://127.0.0.1:{port}/stream") as got,
    ):
        lines = got.iter_lines()
        assert next(lines) == "first"
        Central.first_is_read.set()
        assert next(lines) == "second"


def test_a_page_gets_its_socket(proxy: tuple[int, ssl.SSLContext]) -> None:
    port, trust = proxy
    with httpx.Client(verify=trust) as client:
        headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
        assert client.get(f"https://127.0.0.1:{port}/", headers=headers).status_code == 101


def test_nothing_is_told_in_the_clear(proxy: tuple[int, ssl.SSLContext]) -> None:
    port, _ = proxy
    refused = httpx.get(f"http://127.0.0.1:{port}/")
    assert refused.status_code == 400
    assert "X-Forwarded" not in refused.text
