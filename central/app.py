"""Composes central and runs it: broker client, writer, clerk, web server."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from calibration.boundaries import boundaries, untold
from calibration.site import load_site
from central.access import derived, load_secrets
from central.api.application import build_api
from central.clerk import Clerk
from central.config import Config, load_config
from central.coupons.coupons import Coupons
from central.coupons.keeper import Keeper
from central.coupons.till import Till
from central.delivery.courier import Courier
from central.enrolment.enrolment import Enrolment
from central.identity.identity import Identity
from central.identity.people import Users
from central.identity.rates import Brake
from central.identity.sessions import Sessions
from central.identity.tokens import Tokens
from central.ingest.client import BrokerClient
from central.ingest.writer import Writer
from central.insight.insight import Insight
from central.insight.occupancy import Occupancy
from central.journeys.journeys import Journeys
from central.members.days import MemberDays
from central.members.tagging import MemberTags
from central.members.tags import load_rules
from central.observe.metrics import Metrics
from central.offers.book import CampaignBook, categories_of
from central.offers.engine import OfferEngine
from central.offers.rounds import OfferRounds
from central.offers.screens import crowd_of
from central.ops.control_room import control_room
from central.pages.mount import mount_pages
from central.privacy.audit import AuditTrail
from central.privacy.retention import Retention
from central.progress import INGEST_S, ROUND_S, Part, Progress
from central.rehearsal import rehearse
from central.results.results import Results, Sources
from central.services import Services
from central.touchpoints.linker import Linker
from central.upkeep.book import Bookkeeper
from central.upkeep.integrity import opened_store
from contract.errors import AtriumError
from contract.service import Lifeline
from contract.serving import SupervisedServer

log = logging.getLogger(__name__)

SWITCH_S = 0.0005
"""Threads take turns this often. By Python's 5 ms a thread that counts makes the two that wait for socket and disk wait
so long after every packet and row: half of the messages were then committed 0.33 s after they were sent, so 0.13 s."""
OPENING_S = 1800.0
"""Bringing a database of years to a new version takes no longer, nor does compiling kernels."""
SHUTDOWN_S = 3
"""Open streams and pages are cut off this long after the order to end."""


@contextmanager
def running(config: Config, clock: Callable[[], float] = time.time) -> Iterator[Services]:
    """Central without its web server: everything started, and at the end stopped in the right order.

    Raises:
        BadInputError: where configuration, site, campaigns or database are wrong.
    """
    site = load_site(config.site)
    book = CampaignBook(config.campaigns, site)
    rules = load_rules(config.tags, categories_of(site).by_zone.values())
    tokens, secrets = Tokens(config.tokens), load_secrets(config.secrets)
    store, damage = opened_store(config.database, site.id)
    identity = Identity(
        Users(store.database, site.id),
        Sessions(store.database, site.id, secrets.cookie_key),
        tokens,
        Brake(config.rates),
        config.trusted_proxies,
    )
    retention = Retention(store, config.keep, site.timezone)
    along = (identity.sessions.flush, lambda connection: tokens.flush(connection, site.id))
    trail = AuditTrail(store.database, site.id, secrets.phone_key, along)
    metrics = Metrics()
    insight = Insight(store, site, config.k, bytes.fromhex(secrets.figure_key))
    for line in untold(site, boundaries(site)):
        log.warning('%s: is line %s a door of its floor? set its "boundary" to in, out or none', config.site, line)
    journeys = Journeys(store, site, insight.suppression.record_key, config.reckon_at_hour)
    occupancy = Occupancy(store, site, insight.suppression, journeys.inside)
    coupons = Coupons(derived(secrets.offer_key, "coupons"), site.timezone)
    keeper = Keeper(store)
    writer = Writer(
        store.database,
        site.id,
        on_commit=lambda: wake(),  # noqa: PLW0108 - it comes later
        metrics=metrics,
        clock=clock,
    )
    broker = BrokerClient(config.broker, site.id, writer, clock, on_handoff=journeys.take, metrics=metrics)
    courier = Courier(store, config.outlets, broker, clock=clock, metrics=metrics)
    ops = control_room(site, store, writer, broker)
    enrolment = Enrolment(store, config.enrolment, site.floors)
    days = MemberDays(store, site, config.keep.links)
    tags = MemberTags(store, site, rules)
    engine = OfferEngine(
        store,
        site,
        book,
        coupons,
        derived(secrets.offer_key, "holdout"),
        crowd=crowd_of(insight.live, site),
        outbox=courier.queue,
        channels=courier.outlets.channels,
    )
    offering = OfferRounds(engine, clock, on_made=courier.wake)
    clerk = Clerk(
        store,
        broker,
        Linker(store, site),
        offering,
        clock=clock,
        # heat is folded before retention takes what it is made of
        duties=[
            *(insight.heat.fold, journeys.update, ops.watch.update, days.update, tags.update, keeper.update),
            enrolment.update,
            retention.update,
            Bookkeeper(store, config.backup.folder).update,
        ],
        metrics=metrics,
    )

    def wake() -> None:
        clerk.wake()
        offering.wake()

    rehearse(site, config.k)
    writer.start()
    broker.start()
    clerk.start()
    offering.start()
    courier.start()
    trail.start()
    damage.start()
    try:
        yield Services(
            site,
            store,
            insight,
            writer,
            broker,
            identity,
            trail,
            retention,
            secrets,
            book,
            clock,
            occupancy,
            config.reckon_at_hour,
            ops,
            metrics,
            engine,
            courier,
            coupons,
            Till(coupons, store.database, site),
            results=Results(Sources(site, store, insight, book, clock)),
            enrolment=enrolment,
            progress=Progress(
                {
                    "the broker's client": Part(lambda: broker.turned, INGEST_S),
                    "the writer": Part(lambda: writer.turned, INGEST_S),
                    "the clerk": Part(lambda: clerk.turned, ROUND_S),
                    "the engine of offers": Part(lambda: offering.turned, ROUND_S),
                }
            ),
            calling_code=config.calling_code,
        )
    finally:
        damage.stop()
        trail.stop()
        clerk.stop()
        offering.stop()
        courier.stop()
        broker.stop()
        writer.stop()
        store.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        AtriumError: where the address cannot be taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)  # who connects before the server runs waits instead of being refused
    except OSError as error:
        listener.close()
        raise AtriumError(
            f"http: {host}:{port} cannot be taken ({error.strerror}); choose another [http] port"
        ) from None
    return listener


def serve(path: Path, announce: Callable[[str], None]) -> None:
    """Run central as the file says until SIGTERM or SIGINT.

    Args:
        path: ``CENTRAL.toml``.
        announce: told the address of pages and API once they are about to be served, and, where there is no user yet,
            the first administrator's code.

    Raises:
        AtriumError: in one line, where it cannot start.
    """
    config = load_config(path)
    sys.setswitchinterval(SWITCH_S)
    listener = listen(config.host, config.port)
    order = EndOrder()
    lifeline = Lifeline()
    lifeline.starting("opening the database, compiling kernels", OPENING_S)
    with listener, running(config) as services:
        app = build_api(services)
        mount_pages(app, services)
        server = SupervisedServer(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=SHUTDOWN_S,
                server_header=False,
                proxy_headers=False,  # whom to believe about a caller's address is our own configuration
            ),
            lifeline,
            lambda: status_line(services),
            lambda: not services.progress.stuck(time.monotonic()),
        )
        order.server = server
        app.state.is_ending = lambda: server.should_exit
        host = f"[{config.host}]" if ":" in config.host else config.host
        announce(f"serving http://{host}:{listener.getsockname()[1]}")
        if code := services.identity.users.new_welcome(services.clock()):
            announce(f"nobody has an account yet: open /welcome within a day and enter {code}")
        if not order.given:
            server.run(sockets=[listener])


def status_line(services: Services) -> str:
    """How central is, in one line for the service manager."""
    writer, stuck = services.writer, services.progress.stuck(time.monotonic())
    if stuck:
        return f"stands still: {', '.join(stuck)}"
    fault = writer.state.fault or services.broker.fault
    return fault or f"connected to the broker, {writer.state.fresh} events stored, {writer.depth} messages wait"


class EndOrder:
    """SIGTERM and SIGINT as a wish to end, from the first moment.

    uvicorn takes them over while it runs and raises them again when it has ended; they must find us here then, or our
    own clean end would be skipped.
    """

    def __init__(self) -> None:
        self.given = False
        self.server: uvicorn.Server | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: object) -> None:
        self.given = True
        if self.server is not None:
            self.server.should_exit = True
