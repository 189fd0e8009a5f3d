"""The hall of Grand Central as a floor of our own drawing: its concourse, the information stand, and nine gates."""

from __future__ import annotations

import json
from pathlib import Path

HALL = Path(__file__).parent / "hall.geojson"
SIZE_M = (72.0, 68.0)


def write_hall(folder: Path) -> Path:
    """A site file of the hall, without cameras and without the plan's picture."""
    (folder / "hall.geojson").write_bytes(HALL.read_bytes())
    (folder / "cameras.json").write_text("{}", encoding="utf-8")
    (folder / "site.toml").write_text(
        f"""schema = "atrium.site.v1"
id = "grandcentral"
name = "Grand Central"
timezone = "America/New_York"
[[floors]]
id = "hall"
name = "Main concourse"
size_m = [{SIZE_M[0]}, {SIZE_M[1]}]
geometry = "hall.geojson"
cameras = "cameras.json"
capacity = 400
""",
        encoding="utf-8",
    )
    return folder / "site.toml"


def gates() -> dict[str, tuple[tuple[float, float], tuple[float, float]]]:
    """Ends of every gate's line, metres."""
    features = json.loads(HALL.read_text("utf-8"))["features"]
    return {
        one["properties"]["id"]: tuple(tuple(end) for end in one["geometry"]["coordinates"])  # type: ignore[misc]
        for one in features
        if one["properties"]["kind"] == "line"
    }
