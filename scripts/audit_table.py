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

from audit_lock import pinned

PAGE = Path("docs/security.md")
BEGIN, END = "<!-- audit: begin -->", "<!-- audit: end -->"
OLDEST = dt.timedelta(days=90)
"""A folder of advisories that ends earlier says nothing of today."""


def packages(found: list[dict[str, Any]], lock: str) -> tuple[list[str], bool, bool]:
    """Lines about what runs; whether every package was looked up, and whether none has a known hole."""
    unknown = [one for one in found if "skip_reason" in one]
    holes = [(one["name"], one["version"], hole) for one in found for hole in one.get("vulns", ())]
    lines = [
        f"pip-audit over {len(found)} packages of `{lock}`: {len(found) - len(unknown)} looked up, {len(holes)} holes."
    ]
    if unknown:
        lines.append(f"**Of {len(unknown)} packages the service told nothing**, as where it cannot be reached.")
    lines += _holes(holes)
    return lines, bool(found) and not unknown, not holes


def _holes(holes: list[tuple[str, str, dict[str, Any]]]) -> list[str]:
    if not holes:
        return []
    return ["", "| package | hole | mended in |", "|---|---|---|"] + [
        f"| {name} {version} | {', '.join([hole['id'], *hole.get('aliases', ())])} "
        f"| {', '.join(hole['fix_versions']) or 'nothing yet'} |"
        for name, version, hole in holes
    ]


def index(found: dict[str, dict[str, Any]], pins: int) -> tuple[list[str], bool]:
    """Lines about what the index has, and whether it withdrew nothing of what is pinned.

    Args:
        found: by package, as audit_index.py judged it; nothing where the index was not reached.
        pins: packages of the lock for this Python.
    """
    newer = {name: one for name, one in found.items() if one["newest"]}
    yanked = {name: one for name, one in found.items() if one["yanked"]}
    newest = [name for name, one in found.items() if one["is_known"] and name not in newer | yanked]
    unknown = pins - sum(one["is_known"] for one in found.values())
    lines = [
        (
            f"Index: of {pins} packages for this Python, {len(newest)} are the newest there is, which no "
            f"mended hole can concern; {len(newer)} have a newer release; {len(yanked)} were withdrawn (yanked)."
        )
    ]
    if unknown:
        lines.append(f"**Of {unknown} packages the index knows nothing**, or it was not reached.")
    if newer or yanked:
        lines += ["", "| package | newest | newest for this Python | withdrawn |", "|---|---|---|---|"]
        for name, one in sorted((newer | yanked).items()):
            told = f"**{one['yanked']}**" if one["yanked"] else ""
            here = one["newest_here"] or "this one"
            lines.append(f"| {name} {one['version']} | {one['newest'] or 'this one'} | {here} | {told} |")
    return lines, not yanked


def advisories(found: dict[str, Any], today: dt.date) -> tuple[list[str], bool, bool]:
    """Lines about a folder of advisories; whether it says anything of today, and whether it knows no hole of ours."""
    holes = [(one["name"], one["version"], one) for one in found["holes"]]
    newest = found["newest"][:10]
    said = (
        f"Folder of advisories: {found['read']} read, the newest of {newest or 'never'}; {found['ours']} about our "
        f"packages, {len(holes)} about the versions pinned."
    )
    lines = [said]
    is_fresh = newest >= (today - OLDEST).isoformat()
    if not is_fresh:
        lines.append(
            f"**It ends more than {OLDEST.days} days ago**: what was found since, it does not know. Not audited."
        )
    if found["unread"]:
        lines.append(f"**{len(found['unread'])} files could not be read**: {'; '.join(found['unread'][:3])}")
    return lines + _holes(holes), is_fresh and not found["unread"], not holes


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
    today = dt.datetime.now(dt.UTC).date()
    of_packages, are_looked_up, are_whole = packages(
        _read(folder / "packages.json", {"dependencies": []})["dependencies"], lock
    )
    of_index, is_kept = index(_read(folder / "index.json", {}), len(pinned(Path(lock))))
    sections, well = [of_packages, of_index], are_whole and is_kept
    if (folder / "osv.json").exists():
        of_advisories, is_audited, is_clean = advisories(_read(folder / "osv.json", {}), today)
        sections.append(of_advisories)
        are_looked_up, well = are_looked_up or is_audited, well and is_clean
    if not are_looked_up:
        of_packages.append(
            "Not audited: run `scripts/audit` with a way to the service, or with `--osv-dir`, before a release."
        )
    found = json.loads((folder / "bandit.json").read_text(encoding="utf-8"))["results"]
    explained = tomllib.loads(Path("scripts/audit-remarks.toml").read_text(encoding="utf-8"))["remark"]
    of_remarks, are_explained = remarks(found, explained)
    sections.append(of_remarks)
    lines = [BEGIN, f"`scripts/audit`, {today.isoformat()}."]
    for section in sections:
        lines += ["", *section]
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + "\n".join([*lines, END]) + rest.partition(END)[2], encoding="utf-8")
    print("\n".join(line for section in sections for line in section if line and not line.startswith("|")))
    return 0 if are_looked_up and well and are_explained else 1


def _read(path: Path, otherwise: Any) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return otherwise


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
