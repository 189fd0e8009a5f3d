"""`atrium cameras`: find cameras on the camera LAN, try their streams, and be told what to set."""

from __future__ import annotations

import os
import random
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from cli.model_work import AsJson, plain_table
from contract.errors import AtriumError, BadInputError
from contract.files import read_bytes
from contract.ids import check_id

if TYPE_CHECKING:
    from edge.discovery.probe import Answers
    from edge.discovery.soap import Credentials
    from firmware_configs.camera_profiles import CameraProfile

PASSWORD_ENV = "ATRIUM_CAMERA_PASSWORD"  # noqa: S105 - the name of a variable

cameras = typer.Typer(
    name="cameras",
    help="Cameras on the camera LAN: find them, try their streams, be told what to set.",
    no_args_is_help=True,
)
Username = Annotated[str, typer.Option("--username", help="a user of the camera")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help=f"file with the password alone; else the variable {PASSWORD_ENV}"),
]


@cameras.command("discover")
def discover(
    interface: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS[/PREFIX]", help="this machine's address on the camera LAN; default all its LANs"),
    ] = None,
    wait_s: Annotated[float, typer.Option("--wait", min=0.2, max=60, help="how long to listen (s)")] = 3.0,
    port: Annotated[int, typer.Option(min=1, max=65535, help="UDP port of WS-Discovery")] = 3702,
    as_json: AsJson = False,
) -> None:
    """Ask who is a camera (WS-Discovery), and list who answers. Exit status 1 where nobody does."""
    from edge.discovery.interfaces import interfaces_of  # noqa: PLC0415 - loads only for this
    from edge.discovery.probe import probe  # noqa: PLC0415

    lans = interfaces_of(interface)
    found: dict[str, Answers] = {}
    for lan in lans:
        found[str(lan)] = probe(lan, wait_s, (uuid.uuid4(), uuid.uuid4()), port=port)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        _print_answers(found)
    if not any(answers.devices for answers in found.values()):
        raise typer.Exit(1)


def _print_answers(found: dict[str, Answers]) -> None:
    table = plain_table("address", "name", "hardware", "location", "ONVIF service")
    for lan, answers in found.items():
        for device in answers.devices:
            table.add_row(device.address, device.name, device.hardware, device.location, " ".join(device.services))
        typer.echo(f"{lan}: {len(answers.devices)} cameras")
        if answers.foreign:
            typer.echo(f"{lan}: {answers.foreign} answers from outside this LAN were left out")
        for sender in answers.loud:
            typer.echo(f"{sender}: answers without end; unplug it and ask again, for others may be missing")
        for device in answers.devices:
            if device.elsewhere:
                typer.echo(f"{device.address}: also names services on other hosts; they were left out")
    if table.row_count:
        Console().print(table, markup=False)


@cameras.command("test")
def try_one(
    source: Annotated[str, typer.Argument(metavar="URL|NAME", help="a stream's address, or a camera of --config")],
    config: Annotated[Path | None, typer.Option(metavar="BOX.toml", help="the box whose camera NAME is")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=300, help="how long to watch (s)")] = 10.0,
    username: Username = "",
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Watch a stream and say what it really sends: codec, size, rate, key pictures, jitter, clock.

    Exit status 1 where it cannot be watched.
    """
    from edge.capture.address import is_live, redact, with_credentials  # noqa: PLC0415 - FFmpeg loads only for this
    from edge.capture.faults import StreamFault  # noqa: PLC0415
    from edge.discovery.advice import FPS  # noqa: PLC0415
    from edge.discovery.trial import judge, try_stream  # noqa: PLC0415
    from upkeep.findings import exit_status  # noqa: PLC0415

    if config is not None:
        url, fps = _of_box(config, source)
        name = source
    elif is_live(source):
        _refuse_password(source)
        who = _credentials(username, password_file)
        url, fps, name = (source if who is None else with_credentials(source, who.username, who.password)), FPS, source
    else:
        raise BadInputError(
            f"{source!r} is no stream's address; give rtsp://HOST/PATH, or a camera's name and --config"
        )
    try:
        trial = try_stream(url, seconds)
    except StreamFault as fault:
        raise AtriumError(str(fault)) from None
    findings = judge(trial, redact(name), fps)
    if as_json:
        typer.echo(msgspec.json.encode({"trial": trial, "findings": findings}).decode())
    else:
        for finding in findings:
            typer.echo(f"{finding.level:8}{finding.said}{' ' if finding.mend else ''}{finding.mend}")
    raise typer.Exit(exit_status(findings))


def _of_box(config: Path, name: str) -> tuple[str, float]:
    from edge.box import load_box  # noqa: PLC0415

    box = load_box(config)
    camera = next((one for one in box.cameras if one.name == name), None)
    if camera is None:
        known = ", ".join(one.name for one in box.cameras)
        raise BadInputError(f"{config}: no camera {name!r}; it has {known}")
    if not camera.live:
        raise BadInputError(f"{config}: camera {name!r} is a recording; only streams are tried")
    return camera.url, box.fps


@cameras.command("suggest")
def suggest(
    address: Annotated[str | None, typer.Argument(help="the camera's IP address")] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="a vendor's profile; without ADDRESS, show it")
    ] = None,
    name: Annotated[str, typer.Option(help="the camera's name on its floor")] = "camera",
    port: Annotated[int, typer.Option(min=1, max=65535, help="the camera's HTTP port")] = 80,
    username: Username = "",
    password_file: PasswordFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask a camera for its streams (ONVIF) and say which to watch and what to set, with a block for BOX.toml.

    With --profile and no ADDRESS: what a vendor documents, its sources with it. With neither: the profiles there are.
    """
    from edge.discovery.advice import advise, block  # noqa: PLC0415 - an HTTP client loads only for this
    from edge.discovery.onvif import look  # noqa: PLC0415
    from firmware_configs.camera_profiles import read_profile, read_profiles  # noqa: PLC0415

    check_id(name, "--name")
    if address is None:
        known = [read_profile(profile)] if profile is not None else list(read_profiles().values())
        if as_json:
            typer.echo(msgspec.json.encode(known).decode())
        else:
            _print_profiles(known, whole=profile is not None)
        return
    who = _credentials(username, password_file)
    camera = look(address, who, port=port, rng=random.SystemRandom())
    advice = advise(camera)
    vendor = read_profile(profile) if profile is not None else _vendor(camera.manufacturer)
    if as_json:
        typer.echo(msgspec.json.encode({"camera": camera, "advice": advice, "profile": vendor}).decode())
    else:
        typer.echo(f"# {camera.manufacturer} {camera.model}, firmware {camera.firmware}, at {camera.address}")
        for line in [*camera.remarks, *advice.settings]:
            typer.echo(f"# {line}")
        for setting in vendor.settings if vendor is not None and advice.settings else []:
            typer.echo(f"# {vendor.vendor if vendor else ''}, {setting.what}: {setting.where}")
        if advice.stream is not None:
            file = "" if password_file is None else str(password_file)
            typer.echo(block(name, advice.stream.url, username, file), nl=False)
    if advice.stream is None:
        raise typer.Exit(1)


def _vendor(manufacturer: str) -> CameraProfile | None:
    from firmware_configs.camera_profiles import profile_of  # noqa: PLC0415

    return profile_of(manufacturer)


def _print_profiles(profiles: list[CameraProfile], *, whole: bool) -> None:
    if not whole:
        for one in profiles:
            typer.echo(f"{one.name:12}{one.vendor:28}{one.sub.path if one.sub is not None else 'by ONVIF'}")
        return
    from edge.discovery.advice import block  # noqa: PLC0415

    for one in profiles:
        typer.echo(f"# {one.vendor}")
        for setting in one.settings:
            typer.echo(f"# {setting.what}: {setting.where} [{setting.source}]")
        for source, where in one.sources.items():
            typer.echo(f"# [{source}] {where.title}, {where.address}")
        if one.sub is not None:
            typer.echo(block("camera", f"rtsp://ADDRESS:{one.port}{one.sub.path}", "USER"), nl=False)


def _credentials(username: str, password_file: Path | None) -> Credentials | None:
    from edge.discovery.soap import Credentials  # noqa: PLC0415

    if not username:
        if password_file is not None:
            raise BadInputError("--password-file without --username; give both")
        return None
    if password_file is None:
        if PASSWORD_ENV not in os.environ:
            raise BadInputError(f"--username without a password; give --password-file or set {PASSWORD_ENV}")
        return Credentials(username, os.environ[PASSWORD_ENV])
    try:
        return Credentials(username, read_bytes(password_file).decode().strip())
    except UnicodeDecodeError:
        raise BadInputError(f"{password_file}: is no text; write the password alone into it, in UTF-8") from None


def _refuse_password(url: str) -> None:
    from edge.capture.address import redact  # noqa: PLC0415

    if redact(url) != url:
        raise BadInputError(
            f"{redact(url)}: a password in an address shows in the list of processes; "
            "leave it out and give --username and --password-file"
        )
