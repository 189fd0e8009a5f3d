"""Central's API over TLS with a certificate of the site's own authority, as a proxy in front of it would have."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from central.api.application import build_api
from central.app import listen, running
from central.config import load_config
from central.enrolment.authority import make_authority
from central.enrolment.own import make_server_pair
from central.identity.tokens import add_token
from central.services import Services
from contract.tokens import Role
from tests.central.mall import write_site
from tests.mutual_broker import wait
from upkeep.enrolment_code import Code, read_code
from upkeep.pair import Pair
from upkeep.tls import client_context

CONFIG = """schema = "atrium.central.v1"
site = "site.toml"
[mqtt]
port = 9
"""
SECRET = "correct horse battery staple"


@dataclass
class Served:
    """A central that answers; its clock runs ``shift_s`` ahead."""

    folder: Path
    services: Services
    address: str
    tokens: dict[Role, str]
    shift_s: float = 0.0

    @property
    def now(self) -> float:
        return time.time() + self.shift_s

    def ask(self, method: str, path: str, role: Role | None = "ops", **more: Any) -> httpx.Response:
        headers = {} if role is None else {"Authorization": f"Bearer {self.tokens[role]}"}
        context = client_context(self.folder / "ca" / "ca.pem")
        return httpx.request(method, f"{self.address}/v1/enrolment{path}", headers=headers, verify=context, **more)

    def code(self, box: str = "box-g", floor: str = "g") -> Code:
        return read_code(self.ask("POST", "/codes", json={"floor": floor, "box": box}).json()["code"])


@contextlib.contextmanager
def served(folder: Path, *, authority: bool = True) -> Iterator[Served]:
    """A running central of the small mall, whose authority's key is encrypted."""
    write_site(folder)
    (folder / "ca.passphrase").write_text(SECRET + "\n")
    (folder / "CENTRAL.toml").write_text(CONFIG + '[enrolment]\npassphrase_file = "ca.passphrase"\n')
    roles: tuple[Role, ...] = ("ops", "admin", "manager", "installer", "trigger")
    tokens = {role: add_token(folder / "tokens.json", role, role) for role in roles}
    config = load_config(folder / "CENTRAL.toml")
    if authority:
        make_authority(config.enrolment.folder, "mall", config.enrolment.passphrase, time.time())
    shown: list[Served] = []
    clock = lambda: shown[0].now if shown else time.time()  # noqa: E731
    with running(config, clock) as services:
        pair, tls = Pair(folder / "web", "web"), {}
        if authority:
            make_server_pair(services.enrolment, pair, ["localhost", "127.0.0.1"], time.time(), if_due=True)
            tls = {"ssl_certfile": str(pair.certificate), "ssl_keyfile": str(pair.key)}
        server = uvicorn.Server(uvicorn.Config(build_api(services), log_level="error", lifespan="off", **tls))  # type: ignore[arg-type]
        with listen("127.0.0.1", 0) as listener:
            address = f"http{'s' if tls else ''}://localhost:{listener.getsockname()[1]}"
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            assert wait(lambda: server.started)
            shown.append(Served(folder, services, address, tokens))
            yield shown[0]
            server.should_exit = True
            thread.join()
