"""Files to start a campaign from, one a scene, filled with the site's own categories and zones."""

from __future__ import annotations

from central.offers.campaigns import Categories
from central.offers.findings import quoted
from central.offers.templates_text import TEMPLATES
from contract.errors import BadInputError

NOT_SHOPS = frozenset({"circulation", "corridor", "transit", "service", "services", "parking", "restroom", "entrance"})
"""Categories in which nobody buys anything."""

SUMMARIES = {name: text.splitlines()[0].removeprefix("# ") for name, text in TEMPLATES.items()}
"""A line on each scene."""


def template(name: str, categories: Categories) -> str:
    """The scene's file for a site of these zones, with comments; it is linted clean.

    Raises:
        BadInputError: there is no such scene, or the site has not enough zones for it.
    """
    if name not in TEMPLATES:
        raise BadInputError(f"there is no template {name!r}; there are {', '.join(TEMPLATES)}")
    shop, other = _categories(categories)
    words = {"<SHOP>": shop, "<OTHER>": other, "<HALL>": _hall(categories)}
    text = TEMPLATES[name]
    for word, value in words.items():
        text = text.replace(word, quoted(value)[1:-1])
    return text


def _categories(categories: Categories) -> tuple[str, str]:
    """Where people browse and where they go afterwards: fashion and dining where the site has them."""
    known = sorted({one for one in categories.by_zone.values() if one and one not in NOT_SHOPS})
    if len(known) < 2:
        told = f"it has {', '.join(known) or 'none'}"
        raise BadInputError(f"a template needs zones of two categories, such as fashion and dining; {told}")
    other = "dining" if "dining" in known else known[-1]
    shop = "fashion" if "fashion" in known else next(one for one in known if one != other)
    return shop, other


def _hall(categories: Categories) -> str:
    """A zone in which screens may stand: one that is no shop, if any."""
    halls = [key for key, category in categories.by_zone.items() if category in NOT_SHOPS or not category]
    floor, zone = (halls or list(categories.by_zone))[0]
    return f"{floor}/{zone}"
