"""What a reader chose, or their browser asks for: language and light."""

from __future__ import annotations

from typing import Literal, get_args

from fastapi import Request

from central.pages.i18n import Words, language_of, words

Theme = Literal["auto", "light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)
THEME_COOKIE = "atrium_theme"


def words_of(request: Request) -> Words:
    """The words of the reader's language."""
    return words(language_of(request.cookies, request.headers.get("accept-language", "")))


def theme_of(request: Request) -> Theme:
    """The reader's light; ``auto`` follows their system."""
    chosen = request.cookies.get(THEME_COOKIE)
    return next((theme for theme in THEMES if theme == chosen), "auto")
