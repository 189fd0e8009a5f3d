"""The store as those see it who compose central: one database of one site, and its unsuppressed truth."""

from __future__ import annotations

from pathlib import Path

from central.store import accounts, figures, offers
from central.store.database import Database
from central.store.replay import ReadingDatabase


class Store:
    """The truth about one site. What leaves central goes through ``central.insight`` instead.

    Attributes:
        database: for the modules of this package.
        site: the site's id.
    """

    def __init__(self, path: Path, site: str) -> None:
        self.database: Database = Database(path)
        self.site = site

    def accounting(self) -> list[accounts.Account]:
        """Every session of every box: received, missing, duplicates."""
        return accounts.accounts(self.database, self.site)

    def visits(self, start: float = 0.0, end: float = 1e12) -> list[figures.VisitRow]:
        """Visits that began between the instants (seconds since 1970)."""
        return figures.visits(self.database, self.site, start, end)

    def crossing_counts(self, start: float = 0.0, end: float = 1e12) -> dict[tuple[str, str, str], int]:
        """Crossings by (floor, line, direction)."""
        totals = figures.crossing_totals(self.database, self.site, start, end)
        return {key: crossings for key, (crossings, _visitors) in totals.items()}

    def offers(self) -> list[offers.Offer]:
        """Every offer, oldest first."""
        return offers.offers_after(self.database, self.site, 0, limit=1_000_000)

    def give_up_sessions(self, now: float) -> None:
        """Call the sessions abandoned whose box has another outbox now, so that nobody asks for them any more."""
        with self.database.writing() as connection:
            accounts.abandon(connection, self.site, now)

    def close(self) -> None:
        """Close the database."""
        self.database.close()


class ReadingStore(Store):
    """The same, opened only to read: beside a running central, or of one that is kept.

    Raises:
        BadInputError: where there is no such database, or an older version of Atrium wrote it.
    """

    def __init__(self, path: Path, site: str) -> None:
        self.database = ReadingDatabase(path)
        self.site = site
