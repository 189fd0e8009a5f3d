"""What may leave a host in a support bundle: by lists of what is allowed, not of what is forbidden.

Three ways, each for one kind of text. A configuration keeps the fields on a list. A sentence or a line of a log keeps
the words that stand in Atrium's own program, short numbers, times and names that were given; any other word is a hole,
whatever it is. :func:`scrub` alone goes by patterns: it is the second net, for sentences on a screen.
"""

from __future__ import annotations

import ast
import functools
import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOLE = "[…]"
"""Stands where something was left out."""
ROOMS = ("calibration", "central", "cli", "contract", "edge", "firmware_configs", "models", "upkeep")
"""Whose sentences a log may show; of the simulator there is none on a host."""
MOST_DIGITS = 4
"""Of a number that stays: ports, statuses and pixels, no phones and codes."""

_USERINFO = re.compile(r"(?<=://)[^/?#\s]*@")
_QUERY = re.compile(r"(://[^\s?'\"]*)\?[^\s'\"]*")
_NAMED = re.compile(
    r"(?i)\b([\w-]*(?:password|passwd|secret|token|api[_-]?key|pwd|code|passphrase))([\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&]+)"
)
_PEM = re.compile(r"-----BEGIN [^-]+-----.*?(?:-----END [^-]+-----|$)", re.DOTALL)
_LONG = re.compile(r"(?<![\w./-])(?=[\w+=]*\d)[A-Za-z0-9_+=]{20,}(?![\w./-])")
_PHONE = re.compile(r"(?<![\w.:/-])(?!\d{4}-\d\d-\d\d)\+?\(?\d[\d ()-]{5,}\d(?![\w.:-])")
_GROUPS = re.compile(r"(?<!\d)(?!\d{4}-\d\d-\d\dT)\d(?:[ ()-]{0,2}\d){6,}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)?")
_NUMBER = re.compile(rf"[+-]?\d{{1,{MOST_DIGITS}}}(?:\.\d{{1,3}})?(?:%|s|ms|Hz|px|GiB|MiB|MB|x\d{{1,4}}|°)?")
_OWN_ADDRESS = re.compile(r"(?:0\.0\.0\.0|127\.0\.0\.1|\[::1?\])(?::\d{1,5})?(?:/tcp|/udp)?")
_FRINGE = string.punctuation + "…“”"
_NAME = re.compile(r"[A-Za-z0-9._:-]{0,64}(?:/\d{1,3})?")
"""An id, a host, an address with its network's size; no path, no sentence, no address of a web page."""
_TERM = re.compile(r"[A-Za-z][A-Za-z0-9_.@-]{1,23}")
"""As ``H.264``, ``state_dir``, ``atrium-edge@box``."""
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]*")


def scrub(text: str) -> str:
    """The text without what looks like a secret: users of addresses, queries, named secrets, long keys, phone numbers.

    >>> scrub("rtsp://admin:s3cret@10.2.0.7/main?user=x: password=hunter2, call +351 912 345 678")
    'rtsp://***@10.2.0.7/main?[…] password=[…], call […]'
    """
    text = _PEM.sub(HOLE, text)
    text = _QUERY.sub(rf"\1?{HOLE}", _USERINFO.sub("***@", text))
    text = _NAMED.sub(rf"\1\2{HOLE}", text)
    text = _LONG.sub(HOLE, text)
    return _PHONE.sub(_phone, text)


def _phone(found: re.Match[str]) -> str:
    is_long = sum(letter.isdigit() for letter in found.group()) >= 7
    return HOLE if is_long else found.group()


class Words:
    """Which words of a sentence may be told.

    Args:
        known: further words, such as names of cameras and floors, addresses and paths that a configuration may show.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = frozenset(known)

    def filtered(self, text: str) -> str:
        """The sentence with a hole for every word that is none of ours."""
        apart = _GROUPS.sub(f" {HOLE} ", text)  # a phone's groups could pass for short numbers
        spared = " ".join(self._word(word) for word in apart.split())
        return re.sub(rf"{re.escape(HOLE)}(?: {re.escape(HOLE)})+", HOLE, spared)

    def _word(self, word: str) -> str:
        if word == HOLE or self._is_told(word):
            return word
        core = _core(word)
        if not core:
            return word
        start = word.index(core)
        head, tail = word[:start], word[start + len(core) :]
        if self._is_told(core):
            return word
        if core.startswith("/"):
            return f"{head}{self._path(core)}{tail}"
        name, mark, value = core.partition("=")
        if mark and _is_plain(name):
            return f"{head}{name}={self._word(value)}{tail}"
        return f"{head}{HOLE}{tail}"

    def _path(self, path: str) -> str:
        """A path, with a hole for every folder or file whose name is none of ours."""
        parts = (
            part if all(self._is_told(word) for word in part.split(".") if word) else HOLE for part in path.split("/")
        )
        return "/".join(parts)

    def _is_told(self, word: str) -> bool:
        return word in self._known or _is_plain(word)


def _core(word: str) -> str:
    """A word without the punctuation around it; the slash that begins a path is none."""
    return word.rstrip(_FRINGE).lstrip(_FRINGE.replace("/", ""))


def _is_plain(word: str) -> bool:
    return word in vocabulary() or any(kind.fullmatch(word) for kind in (_NUMBER, _TIME, _OWN_ADDRESS))


@functools.cache
def vocabulary() -> frozenset[str]:
    """Every word of the texts in Atrium's own program: what its logs and findings are made of."""
    root = Path(__file__).resolve().parent.parent
    words: set[str] = set()
    for path in (path for room in ROOMS for path in (root / room).rglob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError, ValueError):
            continue
        spoken = {id(statement.value) for statement in ast.walk(tree) if isinstance(statement, ast.Expr)}  # docstrings
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
                words.update(_WORD.findall(node.value))
                words.update(word for word in map(_core, node.value.split()) if _TERM.fullmatch(word))
    return frozenset(words)


@dataclass(frozen=True, slots=True)
class Fields:
    """Dotted names of a configuration's fields that may be told; elements of a list stand under their list's name.

    Attributes:
        numbers: a text that stands in one of these is a mistake, and not told: ``mqtt.port``.
        texts: ids, hosts, addresses of networks: ``cameras.name``.
    """

    numbers: frozenset[str]
    texts: frozenset[str]

    def __iter__(self) -> Iterator[str]:
        yield from sorted(self.numbers | self.texts)


def kept_fields(values: Mapping[str, Any], allowed: Fields, where: str = "") -> dict[str, Any]:
    """A configuration with the fields on a list alone; of the others only how many there are.

    Args:
        values: as read from TOML.
        allowed: which.
        where: the dotted name of ``values`` itself.
    """
    kept: dict[str, Any] = {}
    left_out = 0
    for name, value in values.items():
        dotted = f"{where}.{name}" if where else name
        is_within = any(other.startswith(f"{dotted}.") for other in allowed)
        if isinstance(value, Mapping) and is_within:
            kept[name] = kept_fields(value, allowed, dotted)
        elif isinstance(value, list) and is_within:
            kept[name] = [kept_fields(one, allowed, dotted) if isinstance(one, Mapping) else HOLE for one in value]
        elif dotted in allowed.numbers:
            kept[name] = value if isinstance(value, bool | int | float) else HOLE
        elif dotted in allowed.texts:
            kept[name] = _text(value)
        else:
            left_out += 1
    return kept | ({"left_out": left_out} if left_out else {})


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(one) for one in value]
    return scrub(value) if isinstance(value, str) and _NAME.fullmatch(value) else HOLE


def strings_of(kept: Any) -> Iterable[str]:
    """Every text that stands as a value in what :func:`kept_fields` gave, holes aside."""
    if isinstance(kept, str):
        if HOLE not in kept:
            yield kept
    elif isinstance(kept, Mapping):
        for value in kept.values():
            yield from strings_of(value)
    elif isinstance(kept, list):
        for value in kept:
            yield from strings_of(value)
