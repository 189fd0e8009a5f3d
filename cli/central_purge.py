"""``atrium central purge``: one round of forgetting by hand."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from calibration.site import load_site
from central.access import load_secrets
from central.config import load_config
from central.insight.suppression import Suppression
from central.privacy.by_hand import forget_now
from central.privacy.retention import Retention
from central.store.store import Store
from contract.errors import AtriumError, BadInputError


def purge(
    config: Annotated[Path, typer.Argument(metavar="CENTRAL.toml", help="Configuration; paths in it are relative.")],
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Forget all that has expired, now: visitors' ids, positions, links and the rest (see docs/privacy.md).

    Central does the same every minute while it runs; this is safe beside it, and does nothing twice.
    """
    found = load_config(config)
    site = load_site(found.site)
    for path, field in ((found.database, "database"), (found.secrets, "secrets")):
        if not path.is_file():
            raise BadInputError(f"{config}: {field}: no such file {path}; central has not run yet: nothing to forget")
    key = bytes.fromhex(load_secrets(found.secrets).figure_key)
    store = Store(found.database, site.id)
    try:
        retention = Retention(store, found.keep, site.timezone)
        done = forget_now(store, site, Suppression(found.k, key), retention, time.time())
    finally:
        store.close()
    if json:
        typer.echo(msgspec.json.encode(done).decode())
    else:
        rows = ", ".join(f"{count} of {rule}" for rule, count in done.deleted.items()) or "none"
        typer.echo(f"{done.replaced} visitors' ids replaced; rows deleted: {rows}")
    if done.left_over:
        raise AtriumError(f"{config}: {'; '.join(done.left_over)}; run it again, and look into central's log")
