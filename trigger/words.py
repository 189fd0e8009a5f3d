"""Filling in what a platform's message is made of: placeholders in the strings of a table of any shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from contract.errors import BadInputError

PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")
KNOWN = ("to", "wording", "coupon", "code", "expires", "offer", "made")
CUT = "…"


def field_of(content: Any, path: str) -> Any:
    """What stands at a dotted path of decoded JSON; None where nothing does.

    >>> field_of({"data": {"openid": "x"}}, "data.openid"), field_of([], "data")
    ('x', None)
    """
    for name in path.split("."):
        if not isinstance(content, dict):
            return None
        content = content.get(name)
    return content


def filled(table: Any, values: Mapping[str, str]) -> Any:
    """The table with every placeholder in its strings filled in; values are put in as they are, and never read again.

    >>> filled({"to": "{to}", "data": [{"value": "{wording}!"}], "n": 1}, {"to": "u", "wording": "{to}"})
    {'to': 'u', 'data': [{'value': '{to}!'}], 'n': 1}
    """
    if isinstance(table, str):
        return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), table)
    if isinstance(table, dict):
        return {name: filled(part, values) for name, part in table.items()}
    if isinstance(table, list):
        return [filled(part, values) for part in table]
    return table


def check_placeholders(table: Any, where: str) -> None:
    """Nothing where every placeholder in the strings is one that can be filled in.

    Raises:
        BadInputError: naming the place and what there is.
    """
    if isinstance(table, str):
        for name in PLACEHOLDER.findall(table):
            if name not in KNOWN:
                raise BadInputError(f"{where}: no {{{name}}}; there are {', '.join(f'{{{one}}}' for one in KNOWN)}")
    elif isinstance(table, dict):
        for name, part in table.items():
            check_placeholders(part, f"{where}.{name}")
    elif isinstance(table, list):
        for part in table:
            check_placeholders(part, where)


def shortened(text: str, longest: int) -> str:
    """The text, cut where a platform's field takes no more letters.

    >>> shortened("15 % off your lunch", 9), shortened("15 % off", 9)
    ('15 % off…', '15 % off')
    """
    return text if len(text) <= longest else text[: longest - 1].rstrip() + CUT
