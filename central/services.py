"""What API and pages are given: the parts of a running central, named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from calibration.site import Site
from central.access import SecretsFile
from central.coupons.coupons import Coupons
from central.coupons.till import Till
from central.delivery.courier import Courier
from central.enrolment.enrolment import Enrolment
from central.identity.identity import Identity
from central.ingest.client import BrokerClient
from central.ingest.writer import Writer
from central.insight.insight import Insight
from central.insight.occupancy import Occupancy
from central.observe.metrics import Metrics
from central.offers.book import CampaignBook
from central.offers.engine import OfferEngine
from central.ops.control_room import ControlRoom
from central.privacy.audit import AuditTrail
from central.privacy.retention import Retention
from central.progress import Progress
from central.results.results import Results
from central.store.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """The parts; ``clock`` gives seconds since 1970; a day ends at ``reckon_at_hour`` of the local night."""

    site: Site
    store: Store
    insight: Insight
    writer: Writer
    broker: BrokerClient
    identity: Identity
    trail: AuditTrail
    retention: Retention
    secrets: SecretsFile
    book: CampaignBook
    clock: Callable[[], float]
    occupancy: Occupancy
    reckon_at_hour: int
    ops: ControlRoom
    metrics: Metrics
    engine: OfferEngine
    courier: Courier
    coupons: Coupons
    till: Till
    results: Results
    enrolment: Enrolment
    progress: Progress
    calling_code: str = ""
    """Of the country of phone numbers that are written without one."""
