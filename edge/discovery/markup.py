"""XML that a camera sent, which may be anything: read without its entities, and every word of it made plain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_WORD = 80
"""Characters of a camera's word that are shown."""
_BLANKS = re.compile(r"\s+")


class MarkupError(Exception):
    """What came is no XML that we read."""


def parse(content: bytes) -> Element:
    """The document's root.

    A document type is refused, and with it every entity: no camera needs one, and files of this machine, addresses of
    others and a billion laughs come in by no other way.

    Raises:
        MarkupError: where it is not well-formed, in an unknown encoding, or has a document type.
    """
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise MarkupError("has a document type, which no camera's answer needs") from None
    except (SyntaxError, ValueError, LookupError):  # a ParseError is a SyntaxError; unknown encodings are the others
        raise MarkupError("is no XML") from None
    return root


def all_of(root: Element, name: str) -> Iterator[Element]:
    """Elements below ``root`` of that local name, in document order; whatever the namespace, for vendors differ."""
    return (element for element in root.iter() if local(element) == name)


def first(root: Element, *path: str) -> Element | None:
    """The first element below ``root`` by local names, each at any depth below the one before, or None."""
    found: Element | None = root
    for name in path:
        if found is None:
            return None
        found = next((element for element in all_of(found, name) if element is not found), None)
    return found


def text(root: Element, *path: str) -> str:
    """The text of ``first``, plain; empty where there is none."""
    found = first(root, *path)
    return "" if found is None else plain(found.text or "")


def local(element: Element) -> str:
    """An element's name without its namespace; empty for comments and the like."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def plain(word: str, most: int = MOST_WORD) -> str:
    r"""The word on one line, without what a terminal would obey, at most so many characters.

    >>> plain("Cam\x1b[2J\n one")
    'Cam[2J one'
    """
    shown = "".join(letter for letter in _BLANKS.sub(" ", word[: 16 * most]) if letter.isprintable())
    return shown.strip()[:most]
