"""Which level of an archive is meant."""

from __future__ import annotations

from calibration.zones.imdf.archive import Archive
from calibration.zones.imdf.words import Feature, label
from contract.errors import BadInputError


def choose_level(archive: Archive, wanted: str | None, language: str) -> Feature:
    """The level of that id, short name, name (in any language) or ordinal; the only one where none is told.

    Raises:
        BadInputError: where none or several fit, naming those there are.
    """
    levels = list(archive.features["level"].values())
    if not levels:
        raise BadInputError(f"{archive.source}/level.geojson: has no level")
    if wanted is None and len(levels) == 1:
        return levels[0]
    fitting = levels if wanted is None else [level for level in levels if wanted.casefold() in _called(level)]
    if len(fitting) == 1:
        return fitting[0]
    there = ", ".join(_told(level, language) for level in sorted(levels, key=_ordinal))
    if wanted is None:
        raise BadInputError(f"{archive.source}: has {len(levels)} levels; choose one with --level: {there}")
    several = f"{len(fitting)} levels are called" if fitting else "has no level"
    raise BadInputError(f"{archive.source}: {several} {wanted!r}; it has {there}")


def _called(level: Feature) -> set[str]:
    names = {level.id.casefold(), str(level.properties.get("ordinal"))}
    for key in ("short_name", "name"):
        labels = level.properties.get(key)
        if isinstance(labels, dict):
            names |= {text.casefold() for text in labels.values() if isinstance(text, str)}
    return names


def _told(level: Feature, language: str) -> str:
    short, name = (label(level.properties.get(key), language) for key in ("short_name", "name"))
    return f"{short or level.id} ({name or 'unnamed'}, ordinal {level.properties.get('ordinal')})"


def _ordinal(level: Feature) -> tuple[float, str]:
    ordinal = level.properties.get("ordinal")
    return (float(ordinal) if isinstance(ordinal, int | float) else 0.0, level.id)
