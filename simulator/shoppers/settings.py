"""What shoppers, tills and cameras of the arcade are like. Chosen for the reasons given, before any link was scored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """People and their doings.

    Attributes:
        shoppers: people in all; ``hours`` the time in which their parties arrive.
        consenting: share of shoppers who are members and agreed to be linked.
        silent: share who are members and did not; they show their card all the same.
        party_shares: of parties of one, two, three, four.
        shops_a_visit: mean number of shops a party goes into.
        dining_pull: how much more a dining shop draws than another, so that its till has the longest queue.
        buys: chance that a party buys in a shop.
        stays_with_payer: chance that a companion stands beside who pays; else they wait a few metres off.
        shows_card: chance that a paying member shows the card.
        checks_in: chance to scan a code that the way leads past.
        far_check_in: share of codes scanned from two to four metres off.
        uses_kiosk: chance to stop at the kiosk of a floor.
        parks: share of parties that pay for parking as they leave.
        service_s: median and log-spread of a till's service.
    """

    shoppers: int = 2000
    hours: float = 6.0
    consenting: float = 0.30
    silent: float = 0.15
    party_shares: tuple[float, ...] = (0.45, 0.35, 0.12, 0.08)
    shops_a_visit: float = 4.0
    dining_pull: float = 2.0
    buys: float = 0.45
    stays_with_payer: float = 0.6
    shows_card: float = 0.85
    checks_in: float = 0.25
    far_check_in: float = 0.10
    uses_kiosk: float = 0.08
    parks: float = 0.30
    service_s: tuple[float, float] = (42.0, 0.4)


@dataclass(frozen=True, slots=True)
class TillErrors:
    """How tills tell of sales.

    Attributes:
        clock_s: standard deviation of a till's clock: tills are set once a day by their shop's server.
        pays_before_leaving_s: from paying to leaving the counter, least and most: purse and bag.
        waits: share of dining sales after which one waits at the counter for so long (``waits_s``, least and most).
        late: share rung up after the customer left, by an exponential time of mean ``late_s``, two minutes at most.
        wrong_card: share of shown cards that are another member's: a partner's, a friend's.
    """

    clock_s: float = 5.0
    pays_before_leaving_s: tuple[float, float] = (2.0, 9.0)
    waits: float = 0.3
    waits_s: tuple[float, float] = (5.0, 30.0)
    late: float = 0.05
    late_s: float = 40.0
    wrong_card: float = 0.01


@dataclass(frozen=True, slots=True)
class SightErrors:
    """How cameras see people.

    Attributes:
        noise_m: standard deviation per axis of a position, least and most of a track; nine tenths of it lasts from one
            second to the next by ``noise_lasts``: a foot half hidden stays half hidden.
        bias_m: standard deviation of what a calibration is off by at a place.
        missed: share of seconds without a position; ``missed_close`` where somebody stands within ``close_m``.
        lost_a_minute: tracks lost a minute, and of somebody close to another; they begin anew after ``gap_s``.
        swap_a_second: chance a second that two people within ``swap_m`` are taken for each other.
    """

    noise_m: tuple[float, float] = (0.15, 0.30)
    noise_lasts: float = 0.8
    bias_m: float = 0.10
    missed: float = 0.04
    missed_close: float = 0.10
    close_m: float = 0.6
    lost_a_minute: float = 1 / 20
    lost_close_a_minute: float = 1 / 6
    gap_s: tuple[float, float] = (1.0, 15.0)
    swap_m: float = 0.45
    swap_a_second: float = 0.004
