"""Groups of commands whose modules are imported when one is called: some need seconds."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import FunctionType
from typing import Any

import typer
from typer.core import TyperGroup


def lazy_group(parts: Mapping[str, tuple[str, str]]) -> type[TyperGroup]:
    """A group of the sub-commands given by name: ``module:attribute`` where each lives, and one line of help."""

    class LazyGroup(TyperGroup):
        """Sub-commands that are imported when they are called."""

        def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
            """All names, sorted."""
            return sorted(parts)

        def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ARG002
            """A stand-in that carries the command's line of help, for listings."""
            if cmd_name not in parts:
                return None
            stand_in = typer.Typer()
            stand_in.command(cmd_name, help=parts[cmd_name][1])(lambda: None)
            return typer.main.get_command(stand_in)

        def resolve_command(self, ctx: typer.Context, args: list[str]) -> Any:  # type: ignore[override]
            """The command that is called, its module imported now."""
            if not args or args[0] not in parts:
                return super().resolve_command(ctx, args)
            module, attribute = parts[args[0]][0].split(":")
            found = getattr(import_module(module), attribute)
            if isinstance(found, FunctionType):
                single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
                single.command(args[0])(found)
                found = single
            return args[0], typer.main.get_command(found), args[1:]

    return LazyGroup
