"""An engine in a process of its own: rounds as fast as they go until so many offers of a campaign are there, and more.

Its clock runs a tenth of a second a round; when the offers are there it goes on for 130 seconds of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from calibration.site import load_site
from central.store.store import Store
from tests.central.mall import NOON
from tests.central.offers.floor import engine_on


def main(database: Path, site_file: Path, campaign: str, wanted: int) -> None:
    """Follow the feed; says ``ready`` once it does."""
    site = load_site(site_file)
    store = Store(database, site.id)
    engine = engine_on(store, site, site_file.parent / "campaigns.toml")
    engine.update(NOON - 60)
    print("ready", flush=True)  # noqa: T201 - it is waited for
    left = 1300
    for tenth in range(400_000):
        engine.update(NOON + tenth / 10)
        left -= store.database.rows("SELECT count(*) FROM offers WHERE campaign = ?", (campaign,))[0][0] >= wanted
        if not left:
            return
    sys.exit("not enough offers in eleven hours")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
