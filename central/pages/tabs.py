"""Links between the parts of a page."""

from __future__ import annotations

from collections.abc import Mapping

from central.pages.i18n import Words
from central.pages.markup import Html, joined, tag


def tabs(tell: Words, table: str, parts: Mapping[str, str], here: str) -> Html:
    """Links to a page's parts, of which one is looked at.

    Args:
        tell: words; ``TABLE.tab_NAME`` is a part's name.
        table: of the words.
        parts: address by name.
        here: the part looked at.
    """
    links = [
        tag("a", tell(f"{table}.tab_{name}"), href=address, aria_current="page" if name == here else False)
        for name, address in parts.items()
    ]
    return tag("nav", joined(links), class_="segmented", aria_label=tell(f"{table}.tabs"))
