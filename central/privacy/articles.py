"""What we do, and which articles of law it answers, as written in ``articles.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from contract.files import read_toml

PATH = Path(__file__).parent / "articles.toml"


@dataclass(frozen=True, slots=True)
class Control:
    """Something we do.

    Attributes:
        id: names it.
        gdpr: articles of Regulation (EU) 2016/679.
        pipl: articles of China's Personal Information Protection Law.
        en: what we do.
        zh: the same in Chinese.
        yet_en: what stays with the mall.
        yet_zh: the same in Chinese.
    """

    id: str
    gdpr: list[str]
    pipl: list[str]
    en: str
    zh: str
    yet_en: str
    yet_zh: str


class _ControlsFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    controls: list[Control]


def controls() -> list[Control]:
    """All of them, in the order of the file."""
    return read_toml(PATH, _ControlsFile).controls
