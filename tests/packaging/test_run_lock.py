"""requirements-run.lock, which the package carries: the part of requirements.lock that the product runs with."""

from __future__ import annotations

import re
from importlib.metadata import distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.shared_data import ROOT

LEFT_OUT = {"opencv-python"}
"""scripts/lock says why."""


def pins(name: str) -> dict[str, set[str]]:
    """What a lock pins for this Python, by name: versions."""
    found: dict[str, set[str]] = {}
    for line in re.findall(r"^[a-z0-9][^\\\n]*==[^\\\n]*", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE):
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate():
            found.setdefault(pin.name, set()).add(str(pin.specifier))
    return found


def needed() -> set[str]:
    """What the installed atrium-vision needs to run, and what that needs."""
    found: set[str] = set()
    open_: list[tuple[str, frozenset[str]]] = [("atrium-vision", frozenset())]
    seen = set(open_)
    while open_:
        name, extras = open_.pop()
        found.add(name)
        for text in distribution(name).requires or []:
            one = Requirement(text)
            wanted = [{"extra": extra} for extra in extras] or [{"extra": ""}]
            if one.marker is not None and not any(one.marker.evaluate(each) for each in wanted):
                continue
            step = (str(canonicalize_name(one.name)), frozenset(one.extras))
            if step[0] not in LEFT_OUT and step not in seen:
                seen.add(step)
                open_.append(step)
    return found - {"atrium-vision"}


def test_it_pins_what_the_product_needs_and_nothing_else() -> None:
    assert set(pins("requirements-run.lock")) == needed(), "run scripts/lock"


def test_its_pins_are_those_that_are_tested() -> None:
    tested = pins("requirements.lock")
    assert {name: pin for name, pin in pins("requirements-run.lock").items() if tested.get(name) != pin} == {}


def test_it_has_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements-run.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--index" not in lock
    assert lock.count("--hash=sha256:") >= lock.count("==") > 50
