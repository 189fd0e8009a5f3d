"""What scripts/audit found, as the table of docs/security.md; exit status 1 where something is not explained."""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

PAGE = Path("docs/security.md")
BEGIN, END = "<!-- audit: begin -->", "<!-- audit: end -->"


def packages(found: list[dict[str, Any]], lock: str) -> tuple[list[str], bool]:
    """Lines about what runs, and whether all is well."""
    unknown = [one for one in found if "skip_reason" in one]
    holes = [(one["name"], one["version"], hole) for one in found for hole in one.get("vulns", ())]
    lines = [
        f"pip-audit over {len(found)} packages of `{lock}`: {len(found) - len(unknown)} looked up, {len(holes)} holes."
    ]
    if unknown:
        lines.append(
            f"**Of {len(unknown)} packages the service told nothing**, as where it cannot be reached: not audited. "
            "Run `scripts/audit` with a way to the vulnerability service before a release."
        )
    if holes:
        lines += ["", "| package | hole | mended in |", "|---|---|---|"]
        lines += [
            f"| {name} {version} | {hole['id']} | {', '.join(hole['fix_versions']) or 'nothing yet'} |"
            for name, version, hole in holes
        ]
    return lines, not holes and not unknown and bool(found)


def remarks(found: list[dict[str, Any]], explained: list[dict[str, Any]]) -> tuple[list[str], bool]:
    """Lines about what we wrote, and whether every remark is explained."""
    counts: Counter[int] = Counter()
    open_remarks = []
    for one in found:
        path = one["filename"].removeprefix("./")
        hit = next(
            (
                number
                for number, entry in enumerate(explained)
                if entry["test"] == one["test_id"] and any(fnmatch.fnmatch(path, where) for where in entry["where"])
            ),
            None,
        )
        if hit is None:
            open_remarks.append(
                f"| {one['test_id']} | {path}:{one['line_number']} | **not explained**: {one['issue_text']} |"
            )
        else:
            counts[hit] += 1
    unused = [explained[number]["test"] for number in range(len(explained)) if not counts[number]]
    high = sum(one["issue_severity"] == "HIGH" for one in found)
    lines = [f"bandit: {len(found)} remarks, {high} of high severity, {len(open_remarks)} not explained.", ""]
    lines += ["| remark | where | why it stays |", "|---|---|---|"]
    for number, entry in enumerate(explained):
        where = "anywhere" if entry["where"] == ["*"] else ", ".join(f"`{one}`" for one in entry["where"])
        lines.append(f"| {entry['test']}, {counts[number]} times | {where} | {entry['why']} |")
    lines += open_remarks
    if unused:
        lines.append(f"| {', '.join(unused)} | | **explained, but not remarked any more**: remove it |")
    return lines, not open_remarks and not unused


def main(folder: Path, lock: str) -> int:
    """Writes the page and says what is wrong."""
    try:
        listed = json.loads((folder / "packages.json").read_text(encoding="utf-8"))["dependencies"]
    except (FileNotFoundError, ValueError):
        listed = []
    of_packages, packages_well = packages(listed, lock)
    found = json.loads((folder / "bandit.json").read_text(encoding="utf-8"))["results"]
    explained = tomllib.loads(Path("scripts/audit-remarks.toml").read_text(encoding="utf-8"))["remark"]
    of_remarks, remarks_well = remarks(found, explained)
    day = dt.datetime.now(dt.UTC).date().isoformat()
    table = "\n".join([BEGIN, f"`scripts/audit`, {day}.", "", *of_packages, "", *of_remarks, END])
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + table + rest.partition(END)[2], encoding="utf-8")
    print("\n".join([of_packages[0], *of_packages[1:2], of_remarks[0]]))
    return 0 if packages_well and remarks_well else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
