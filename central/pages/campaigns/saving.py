"""Saving the campaigns file from the page: by whom, over which text, and what came of it."""

from __future__ import annotations

import re

import msgspec

from central.identity.principal import Principal
from central.offers.book import CampaignBook
from central.offers.campaigns import CampaignsFile
from central.offers.lint import Finding, errors
from central.pages.i18n import Words
from central.pages.looks import note_look
from central.services import Services
from contract.errors import AtriumError


def save(services: Services, tell: Words, login: Principal, text: str, base: str) -> tuple[str, bool]:
    """What came of it in words, and whether the text is in force now.

    Args:
        services: the parts.
        tell: words of the reader's language.
        login: who saves.
        text: the whole file.
        base: the file as the page got it: where it is another by now, somebody else has saved meanwhile.
    """
    book = services.book
    book.refresh()  # or a change by hand of this very second would be lost
    try:
        findings = book.replace(text, only_if=lambda before: before == base)
    except AtriumError as error:
        return str(error), False
    if findings is None:
        note_look(services, login, "PUT", "/campaigns/editor", 412)
        return tell("editor.conflict"), False
    wrong = errors(findings)
    note_look(services, login, "PUT", "/campaigns/editor", 422 if wrong else 200)
    if wrong:
        return f"{tell('editor.not_saved')} {wrong[0]}", False
    return tell("editor.saved"), True


def hints(book: CampaignBook, tell: Words, text: str) -> list[Finding]:
    """Campaigns that say something else than what is in force, under the same version."""
    try:
        found = msgspec.toml.decode(text, type=CampaignsFile)
    except (msgspec.DecodeError, ValueError):
        return []
    known = {one.id: one for one in book.all}
    hinted = []
    for number, one in enumerate(found.campaigns):
        old = known.get(one.id)
        if old is None or one.version > old.version or msgspec.structs.replace(one, enabled=old.enabled) == old:
            continue
        mend = tell("editor.version_hint", campaign=one.id, version=str(old.version + 1))
        hinted.append(Finding(_line_of(text, number), 1, f"campaigns[{number}].version", "", mend, "warning"))
    return hinted


def _line_of(text: str, number: int) -> int:
    """The line of the version of the campaign of that number, or where its table begins; from 1."""
    seen, start = -1, 1
    for line, said in enumerate(text.splitlines(), 1):
        if re.match(r"\s*\[\[\s*campaigns\s*\]\]", said):
            seen, start = seen + 1, line if seen + 1 == number else start
        elif seen == number and re.match(r"\s*version\s*=", said):
            return line
        elif seen > number:
            break
    return start
