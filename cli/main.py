"""`atrium`: finds the sub-command, runs it, turns our errors into one line and a status (0 fine, 1 failed, 2 bad)."""

from __future__ import annotations

import sys
from importlib import import_module
from types import FunctionType
from typing import Any

import typer
from typer.core import TyperGroup

from contract.errors import AtriumError, BadInputError

COMMANDS = {
    "central": ("cli.central:central", "The mall's service: ingest, store, insight, offers, API and pages."),
    "demo": ("cli.demo:demo", "A whole mall on this machine, against the simulator's truth."),
    "detect": ("cli.detect:detect", "Detections of a video, image folder or stream, as MOT text."),
    "edge": ("cli.edge:edge", "One floor's box."),
    "fuse": ("cli.fuse:fuse", "People on the floor from detections of all its cameras."),
    "models": ("cli.models:models", "The model shelf."),
    "replay": ("cli.replay:replay", "The edge pipeline on a recording, offline."),
    "simulate": ("cli.simulate:simulate", "A mall twin with ground truth: clips, or live RTSP."),
    "track": ("cli.track:track", "Tracks of MOT detection text."),
}
"""Sub-command to where it lives and one line of help; modules load only when asked for, as some need seconds."""


class LazyGroup(TyperGroup):
    """A group whose sub-commands are imported when one is called."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        """All names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ARG002
        """A stand-in that carries the command's line of help, for listings."""
        if cmd_name not in COMMANDS:
            return None
        stand_in = typer.Typer()
        stand_in.command(cmd_name, help=COMMANDS[cmd_name][1])(lambda: None)
        return typer.main.get_command(stand_in)

    def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
        """The command that is called, its module imported now."""
        if not args or args[0] not in COMMANDS:
            return super().resolve_command(ctx, args)
        module, attribute = COMMANDS[args[0]][0].split(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, FunctionType):
            single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            single.command(args[0])(found)
            found = single
        return args[0], typer.main.get_command(found), args[1:]


app = typer.Typer(
    cls=LazyGroup,
    name="atrium",
    help="Existing cameras to anonymous journeys, and journeys to offers that arrive in time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Existing cameras to anonymous journeys, and journeys to offers that arrive in time."""


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        app()
    except BadInputError as error:
        _fail(str(error), 2)
    except AtriumError as error:
        _fail(str(error), 1)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.filename or 'system'}: {error.strerror or error}", 1)


def _fail(message: str, status: int) -> None:
    print(f"atrium: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201 - the one place that speaks for all
    sys.exit(status)


if __name__ == "__main__":
    main()
