"""Hardware profiles: what Atrium's configuration depends on about a machine, one TOML file a kind in ``hardware/``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contract.errors import BadInputError
from contract.files import read_toml

HARDWARE_SCHEMA = "atrium.hardware.v1"
PROFILES = Path(__file__).parent / "hardware"

Word = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")]
Percent = Annotated[int, Meta(ge=1, le=100)]
Device = Annotated[str, Meta(pattern=r"\A(/dev/[A-Za-z0-9/_-]{1,60}|char-[a-z0-9-]{1,30})\Z")]


class Watchdog(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[watchdog]``: the hardware that restarts a machine whose kernel or service manager hangs."""

    module: Word
    """Kernel module; on some machines it is built in, which loading it does not mind."""
    timeout_s: Annotated[int, Meta(ge=5, le=120)]
    """What systemd asks for. It feeds at half of it."""
    longest_s: Annotated[int, Meta(ge=5, le=3600)]
    """The most that the hardware can."""


class Thermal(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[thermal]``: of the processor, degrees Celsius."""

    warm_c: Annotated[float, Meta(ge=40, le=110)]
    """From here on a diagnosis warns."""
    throttles_c: Annotated[float, Meta(ge=40, le=115)]
    """From here on the hardware slows down."""


class Limits(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[limits]``: of the services' units, so that one that leaks is restarted before the machine suffers."""

    memory_high_percent: Percent
    """Of the machine's memory: from here on the service is slowed down."""
    memory_max_percent: Percent
    """Of the machine's memory: here it is ended and started anew."""


class Hardware(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A profile."""

    schema: str
    title: str
    architecture: Literal["x86-64", "aarch64"]
    seen_running: bool
    """Whether Atrium has run on such a machine; where not, everything here is from documents."""
    providers: Annotated[list[Word], Meta(min_length=1)]
    """ONNX Runtime's execution providers that such a machine may have, the fastest expected first. A box measures those
    that its runtime has and takes the fastest; this says which runtime to install."""
    decoder: Literal["software", "vaapi", "v4l2m2m", "nvdec", "rkmpp"]
    """What could decode video besides the processor; the edge decodes in software on every machine."""
    watchdog: Watchdog
    thermal: Thermal
    limits: Limits
    modules: list[Word] = []
    """Kernel modules to load besides the watchdog's."""
    devices: list[Device] = []
    """Device nodes that the edge's unit may open."""
    groups: list[Word] = []
    """Groups that may open them."""
    governor: Word | None = None
    """Of the processor's frequency; None leaves it to the kernel."""


def load_hardware(name: str, folder: Path = PROFILES) -> Hardware:
    """The profile of that name.

    Raises:
        BadInputError: there is none, or its file is wrong.
    """
    known = hardware_names(folder)
    if name not in known:
        raise BadInputError(f"appliance.hardware: no profile {name[:64]!r}; use one of {', '.join(known)}")
    path = folder / f"{name}.toml"
    found = read_toml(path, Hardware)
    if found.schema != HARDWARE_SCHEMA:
        raise BadInputError(f"{path}: schema is {found.schema!r}; this version reads {HARDWARE_SCHEMA!r}")
    if found.watchdog.timeout_s > found.watchdog.longest_s:
        raise BadInputError(f"{path}: watchdog.timeout_s is longer than longest_s; the hardware cannot do it")
    if found.limits.memory_high_percent > found.limits.memory_max_percent:
        raise BadInputError(f"{path}: limits.memory_high_percent is above memory_max_percent; lower it")
    if found.thermal.warm_c >= found.thermal.throttles_c:
        raise BadInputError(f"{path}: thermal.warm_c is not below throttles_c; lower it")
    return found


def hardware_names(folder: Path = PROFILES) -> tuple[str, ...]:
    """Names of all profiles, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))
