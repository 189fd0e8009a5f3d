"""Cross-shop bundles: has somebody spent over so much in each of so many shops today? Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from central.coupons.value import hundredths
from central.offers.campaigns import Bundle
from central.store.purchases import Purchase


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a bundle has come.

    Attributes:
        shops: different shops with enough spent today, this sale's shop included.
        missing: shops still to come, 0 where the bundle is complete.
        receipts: the sales of the other shops that complete it, which count for no other bundle afterwards.
    """

    shops: int
    missing: int
    receipts: tuple[str, ...]


def reached(bundle: Bundle, tenant: str, amount: int, sales: Sequence[Purchase]) -> Reached:
    """How far the bundle has come with this sale.

    What was given back does not count. Where the till has told of this very sale already, it is not counted twice: of
    the sale's own shop the larger of the sale and of what is known of the day counts.

    Args:
        bundle: what is asked for.
        tenant: the shop of this sale, of ``amount`` minor units.
        amount: as above.
        sales: of the same day and person, or whose receipts were presented; none that counted for a bundle before.
    """
    least = hundredths(bundle.spend_each)
    by_shop: dict[str, list[Purchase]] = defaultdict(list)
    for sale in sales:
        if sale.kept > 0:
            by_shop[sale.tenant].append(sale)
    spent = {shop: sum(sale.kept for sale in of_shop) for shop, of_shop in by_shop.items()}
    spent[tenant] = max(amount, spent.get(tenant, 0))
    enough = {shop for shop, total in spent.items() if total >= least}
    others = sorted(enough - {tenant}, key=lambda shop: (min(sale.at for sale in by_shop[shop]), shop))
    needed = others[: bundle.shops - (tenant in enough)]
    receipts = tuple(sale.purchase for shop in needed for sale in by_shop[shop])
    return Reached(len(enough), max(bundle.shops - len(enough), 0), receipts)
