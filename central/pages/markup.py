"""Small parts of pages as HTML. What comes in as text is escaped here; what is HTML already is an `Html`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Literal

Mood = Literal["", "good", "warn", "bad"]


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Text = str | Html


def html(text: Text) -> Html:
    """The text as HTML.

    >>> html("a < b"), html(Html("<b>"))
    ('a &lt; b', '<b>')
    """
    return text if isinstance(text, Html) else Html(escape(text))


def joined(parts: Iterable[Text], between: str = "") -> Html:
    """The parts as one."""
    return Html(between.join(html(part) for part in parts))


def tag(name: str, /, *content: Text, **attributes: str | bool) -> Html:
    """An element; ``_`` in an attribute's name stands for ``-``, and one at its end for nothing.

    >>> tag("p", "a < b", class_="note", hidden=False)
    '<p class="note">a &lt; b</p>'
    """
    told = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(value)}"')
        for key, value in attributes.items()
        if value is not False
    )
    return Html(f"<{name}{told}>{joined(content)}</{name}>")


def pill(text: Text, mood: Mood = "") -> Html:
    """A short word in a coloured shape."""
    return tag("span", text, class_=f"pill {mood}".strip())


def tile(name: Text, value: Text, note: Text = "") -> Html:
    """A figure with its name above it, for a list of class ``tiles``."""
    below = tag("small", note, class_="quiet") if note else Html("")
    return tag("div", tag("dt", name), tag("dd", value, below), class_="tile")


def table(caption: Text, heads: Sequence[Text], rows: Iterable[Sequence[Text]], numbers: Iterable[int] = ()) -> Html:
    """A table that scrolls by itself where it is too wide; each row's first cell is its head.

    Args:
        caption: what it is about, for those who cannot see it.
        heads: of its columns.
        rows: cells.
        numbers: columns that hold numbers.
    """
    right = set(numbers)

    def style(column: int) -> str | bool:
        return "number" if column in right else False

    head = joined(tag("th", text, scope="col", class_=style(column)) for column, text in enumerate(heads))
    body = joined(
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            *(tag("td", cell, class_=style(column)) for column, cell in enumerate(row[1:], 1)),
        )
        for row in rows
    )
    inside = tag(
        "table",
        tag("caption", caption, class_="unseen"),
        tag("thead", tag("tr", head)),
        tag("tbody", body),
        class_="plain",
    )
    return tag("div", inside, class_="scroll", tabindex="0", role="group", aria_label=str(caption))


def card(title: Text, *content: Text, ident: str = "") -> Html:
    """A section with a heading."""
    head = tag("h2", title, id=f"{ident}-title" if ident else False)
    labelled: str | bool = f"{ident}-title" if ident else False
    return tag("section", head, *content, class_="card", id=ident or False, aria_labelledby=labelled)
