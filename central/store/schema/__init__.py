"""Tables and their numbered migrations. A migration, once released, is never edited: add another.

Site leads every primary key, so that malls can shard by site. Times are REAL seconds since 1970 (UTC). Modules are
imported, and so applied, in the order of their numbers.
"""

from central.store.schema import (
    m0001_events,
    m0002_members,
    m0003_calibration,
    m0004_people,
    m0005_time_led,
    m0006_clocks,
    m0007_positions,
    m0008_heat_past,
    m0009_journeys,
    m0011_ends,
    m0012_identity,
    m0013_audit,
    m0014_privacy,
    m0015_ops,
    m0016_staff_inside,
    m0017_happenings,
    m0021_touchpoints,
    m0022_engine,
    m0023_coupons,
    m0024_deliveries,
    m0025_results,
    m0026_enrolment,
    m0027_recovery,
)
from central.store.schema.numbered import migrations, unknown

__all__ = [
    "m0001_events",
    "m0002_members",
    "m0003_calibration",
    "m0004_people",
    "m0005_time_led",
    "m0006_clocks",
    "m0007_positions",
    "m0008_heat_past",
    "m0009_journeys",
    "m0011_ends",
    "m0012_identity",
    "m0013_audit",
    "m0014_privacy",
    "m0015_ops",
    "m0016_staff_inside",
    "m0017_happenings",
    "m0021_touchpoints",
    "m0022_engine",
    "m0023_coupons",
    "m0024_deliveries",
    "m0025_results",
    "m0026_enrolment",
    "m0027_recovery",
    "migrations",
    "unknown",
]
