"""Prints every route of central, API and pages, as JSON: run as a process, since pages register themselves for good."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nicegui
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from central.api.application import build_api
from central.app import running
from central.config import load_config
from central.pages.mount import mount_pages


def main() -> None:
    """List what the central of a configuration answers."""
    found: list[tuple[str, str, str]] = []
    with running(load_config(Path(sys.argv[1]))) as services:
        app = build_api(services)
        mount_pages(app, services)
        for kind, routes in (("api", app.routes), ("page", nicegui.app.routes)):
            for route in iter_route_contexts(routes):
                if isinstance(route.original_route, Mount):
                    found.append(("mount", "GET", str(route.path)))
                else:
                    found += [(kind, method, str(route.path)) for method in route.methods or {"socket"}]
    print(json.dumps(found))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main()
