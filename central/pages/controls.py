"""Small controls as HTML, for pages whose script runs in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape


def segmented(group: str, label: str, choices: Mapping[str, str], chosen: str, *, shows_label: bool = False) -> str:
    """Buttons of which one is pressed; a script hears ``[data-group] [data-choice]``.

    Args:
        group: the choice's name for the script.
        label: what is chosen, for screen readers and, where shown, for all.
        choices: text by value.
        chosen: the value pressed first.
        shows_label: whether the label stands before the buttons.
    """
    buttons = "".join(
        f'<button type="button" data-choice="{escape(value)}" aria-pressed="{"true" if value == chosen else "false"}">'
        f"{escape(text)}</button>"
        for value, text in choices.items()
    )
    name = f'<span class="name" aria-hidden="true">{escape(label)}</span>' if shows_label else ""
    return (
        f'<div class="segmented" role="group" aria-label="{escape(label)}" data-group="{group}">{name}{buttons}</div>'
    )


def switch(name: str, label: str, *, is_on: bool) -> str:
    """A checkbox with its label; a script hears ``[data-switch]``."""
    checked = " checked" if is_on else ""
    return f'<label class="switch"><input type="checkbox" data-switch="{name}"{checked}> {escape(label)}</label>'
