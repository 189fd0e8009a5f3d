"""What to do next, in plain words: for every fault a sentence that says what is wrong, and one that says the mend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from central.ops.fault import Fault


class Tell(Protocol):
    """The words of a language, such as `central.pages.i18n.words` gives."""

    def __call__(self, key: str, **values: object) -> str:
        """The text of that key with its values."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Two sentences for people."""

    sentence: str
    mend: str


def advice(fault: Fault, floors: Mapping[str, str], tell: Tell) -> Advice:
    """What is wrong, and what to do about it.

    Args:
        fault: it.
        floors: names of floors by id.
        tell: words of the reader's language; its tables ``faults`` and ``mends`` know every kind.
    """
    values = {**fault.facts, "box": fault.box, "camera": fault.camera}
    values["floor"] = floors.get(fault.floor, fault.floor)
    values["detail"] = fault.facts.get("detail") or tell("ops.unsaid")
    return Advice(tell(f"faults.{fault.kind}", **values), tell(f"mends.{fault.kind}", **values))
