"""``TRIGGER.toml``: where central is, by which platform messages go out, when, and how many."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from contract.errors import BadInputError
from contract.files import read_bytes, read_toml, secret_path
from trigger.hours import Quiet
from trigger.sender import Rules
from trigger.template import TemplateFile

MINUTE_S = 60.0


class FileAdapter(msgspec.Struct, forbid_unknown_fields=True, frozen=True, tag="file", tag_field="kind"):
    """``[adapter]`` of kind ``file``: messages as lines of JSON in ``deliveries``."""


class WebhookFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[webhook]``: take offers by webhook, beside or instead of the stream."""

    listen: Annotated[str, Meta(pattern=r"^.+:[0-9]{1,5}$")]
    secret_file: str
    path: Annotated[str, Meta(pattern="^/")] = "/offers"


class QuietFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True, rename={"start": "from"}):
    """``[quiet]``: hours without messages, ``22:00`` to ``08:00``; what is still good then goes out at their end."""

    start: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    to: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class LimitsFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[limits]``: what the platform and the members put up with."""

    per_minute: Annotated[int, Meta(ge=1, le=100_000)] = 600
    per_recipient_a_day: Annotated[int, Meta(ge=1, le=1000)] = 3
    fresh_minutes: Annotated[float, Meta(gt=0, le=1440)] = 120.0
    """An offer whose coupon has no expiry is not sent after so long."""


class RecipientsFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[recipients]``: by a CSV ``file``, or by asking at ``url``; by member id where there is neither."""

    file: str = ""
    url: str = ""
    field: str = "openid"
    token_file: str = ""
    timeout_s: Annotated[float, Meta(ge=0.5, le=60)] = 5.0


class TriggerFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``TRIGGER.toml``; paths are relative to it."""

    central: str
    token_file: str
    deliveries: str = ""
    template: str = "{wording} ({coupon})"
    book: str = "trigger.db"
    timezone: str = "UTC"
    stream: bool = True
    """Whether to follow central's stream."""
    only: list[str] = []
    """Channels of campaigns that are ours, such as ``app``; all where empty."""
    when_unsure: Literal["skip", "send"] = "skip"
    withdraw: str = "offers"
    """Consent withdrawn for who refuses messages at the platform; empty for none."""
    adapter: FileAdapter | TemplateFile = FileAdapter()
    webhook: WebhookFile | None = None
    quiet: QuietFile | None = None
    limits: LimitsFile = LimitsFile()
    recipients: RecipientsFile = RecipientsFile()

    @property
    def zone(self) -> ZoneInfo:
        """The time zone.

        Raises:
            BadInputError: where there is none of that name.
        """
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise BadInputError(f"timezone: no {self.timezone!r}; write one such as Europe/Lisbon") from None

    def rules(self) -> Rules:
        """When, and how much."""
        quiet = self.quiet
        return Rules(
            timezone=self.zone,
            quiet=None
            if quiet is None
            else Quiet(time.fromisoformat(quiet.start), time.fromisoformat(quiet.to), self.zone),
            per_minute=self.limits.per_minute,
            per_recipient_a_day=self.limits.per_recipient_a_day,
            fresh_s=self.limits.fresh_minutes * MINUTE_S,
            when_unsure=self.when_unsure,
            withdraw=self.withdraw,
            only=frozenset(self.only),
        )


def load(path: Path) -> TriggerFile:
    """The file, with what can be wrong in it looked at.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    found = read_toml(path, TriggerFile)
    try:
        _check(found)
    except BadInputError as error:
        raise BadInputError(f"{path}: {error}") from None
    return found


def _check(found: TriggerFile) -> None:
    if not found.central.startswith(("http://", "https://")):
        raise BadInputError(f"central: {found.central!r} is no address; write http://host:port")
    if not found.stream and found.webhook is None:
        raise BadInputError("stream: off, and there is no [webhook]; nothing would ever come")
    if isinstance(found.adapter, TemplateFile):
        found.adapter.check()
    elif not found.deliveries:
        raise BadInputError("deliveries: missing; name the file that messages are written to")
    try:
        found.template.format(wording="", coupon="", code="", offer="")
    except (KeyError, IndexError, ValueError):
        raise BadInputError("template: use {wording}, {coupon}, {code} and {offer} alone") from None
    recipients = found.recipients
    if recipients.file and recipients.url:
        raise BadInputError("recipients: a file and an url; keep one")
    if recipients.url and not (recipients.url.startswith(("http://", "https://")) and "{member}" in recipients.url):
        raise BadInputError("recipients.url: write an address with {member} in it")
    if found.quiet is not None and found.quiet.start == found.quiet.to:
        raise BadInputError("quiet: from and to are the same; leave [quiet] out, or write hours between")
    found.rules()


def secret(folder: Path, name: str) -> str:
    """What stands in a file of ours, or in a credential, such as a token; empty for no name.

    Raises:
        BadInputError: where it is missing or empty.
    """
    if not name:
        return ""
    path = secret_path(folder, name)
    text = read_bytes(path).decode("utf-8", "replace").strip()
    if not text:
        raise BadInputError(f"{path}: is empty; write the secret into it")
    return text
