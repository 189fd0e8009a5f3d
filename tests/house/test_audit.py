"""The audit says what it does not know: packages nobody looked up and remarks nobody explained fail it."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from tests.shared_data import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
try:
    audit_table, audit_osv, audit_lock = map(importlib.import_module, ("audit_table", "audit_osv", "audit_lock"))
finally:
    sys.path.remove(str(ROOT / "scripts"))

TODAY = dt.date(2026, 11, 27)
REMARK = {
    "test_id": "B608",
    "filename": "./central/store/a.py",
    "line_number": 7,
    "issue_text": "SQL",
    "issue_severity": "LOW",
}
WHY = {"test": "B608", "where": ["central/store/*"], "why": "Read."}


def test_a_package_that_was_not_looked_up_is_no_clean_one():
    known, unknown = {"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "not found"}
    assert audit_table.packages([known], "lock")[1:] == (True, True)
    lines, are_looked_up, _ = audit_table.packages([known, unknown], "lock")
    assert not are_looked_up
    assert "1 looked up" in lines[0]
    assert "told nothing" in lines[1]
    assert not audit_table.packages([], "lock")[1]
    hole = {"name": "c", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
    lines, _, are_whole = audit_table.packages([hole], "lock")
    assert not are_whole
    assert "| c 2 | PYSEC-1 | 2.1 |" in lines


def test_a_remark_without_a_reason_and_a_reason_without_a_remark_fail():
    assert audit_table.remarks([REMARK], [WHY])[1]
    elsewhere = REMARK | {"filename": "./edge/a.py"}
    lines, well = audit_table.remarks([REMARK, elsewhere], [WHY])
    assert not well
    assert "edge/a.py:7" in lines[-1]
    assert not audit_table.remarks([], [WHY])[1]


def advisory(*affected: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "MADE-UP-1", "modified": "2026-11-20T08:00:00Z", "affected": list(affected), **more}


def of(
    *events: dict[str, str], versions: list[str] | None = None, kind: str = "ECOSYSTEM", **package: str
) -> dict[str, Any]:
    named = {"ecosystem": "PyPI", "name": "Some.Package", **package}
    return {"package": named, "ranges": [{"type": kind, "events": list(events)}], "versions": versions or []}


def matches(folder: Path, pinned: str, *told: dict[str, Any]) -> list[str]:
    for number, one in enumerate(told):
        (folder / f"{number}.json").write_text(json.dumps(one), encoding="utf-8")
    found = audit_osv.matched({"some-package": Version(pinned)}, folder)
    assert found["unread"] == []
    return [hole["id"] for hole in found["holes"]]


FIXED = [{"introduced": "1.2"}, {"fixed": "2.0"}]


@pytest.mark.parametrize(
    ("pinned", "affected", "is_hit"),
    [
        ("1.1", of(*FIXED), False),
        ("1.2.0", of(*FIXED), True),
        ("1.10", of(*FIXED), True),
        ("2.0rc1", of(*FIXED), True),
        ("2.0", of(*FIXED), False),
        ("0.0.1", of({"introduced": "0"}), True),
        ("9", of({"introduced": "0"}), True),
        ("2.0", of({"introduced": "0"}, {"last_affected": "2.0"}), True),
        ("2.0.post1", of({"introduced": "0"}, {"last_affected": "2.0"}), False),
        ("3.1", of({"fixed": "2"}, {"introduced": "0"}, {"introduced": "3"}, {"fixed": "3.2"}), True),
        ("2.5", of({"fixed": "2"}, {"introduced": "0"}, {"introduced": "3"}, {"fixed": "3.2"}), False),
        ("3.2", of({"fixed": "2"}, {"introduced": "0"}, {"introduced": "3"}, {"fixed": "3.2"}), False),
        ("2.0", of({"introduced": "1"}, {"fixed": "2"}, {"introduced": "2"}), True),
        ("1.5", of({"introduced": "0"}, {"limit": "1.4"}), False),
        ("1.3", of({"introduced": "0"}, {"limit": "1.4"}), True),
        ("1.0", of(*FIXED, versions=["1.0.0", "not-a-version"]), True),
        ("1.0", of(*FIXED, versions=["1.0.1", "not-a-version"]), False),
        ("1.5", of({"introduced": "0"}, kind="GIT"), False),
        ("1.5", of({"introduced": "0"}, name="some-packages"), False),
        ("1.5", of({"introduced": "0"}, ecosystem="npm"), False),
        ("1.5", of({"introduced": "0"}, name="SOME_package"), True),
    ],
)
def test_an_advisory_concerns_the_versions_it_says(tmp_path, pinned: str, affected: dict[str, Any], is_hit: bool):
    assert matches(tmp_path, pinned, advisory(affected)) == ["MADE-UP-1"] * is_hit


def test_what_was_withdrawn_concerns_nobody_and_one_of_two_entries_is_enough(tmp_path):
    everything, nothing = of({"introduced": "0"}), of({"introduced": "0"}, {"fixed": "0.1"})
    assert matches(tmp_path, "1", advisory(everything, withdrawn="2026-11-21T00:00:00Z")) == []
    assert matches(tmp_path, "1", advisory(nothing, everything)) == ["MADE-UP-1"]


def test_yaml_is_read_as_the_public_database_has_it_and_what_cannot_be_read_is_said(tmp_path):
    (tmp_path / "vulns" / "x").mkdir(parents=True)
    (tmp_path / "vulns" / "x" / "PYSEC-0.yaml").write_text(
        "id: PYSEC-0\nmodified: 2026-11-19T10:00:00Z\naliases: [CVE-0]\naffected:\n"
        "- package: {name: x, ecosystem: PyPI}\n"
        "  ranges:\n  - type: ECOSYSTEM\n    events: [{introduced: '0'}, {fixed: '2'}]\n",
        encoding="utf-8",
    )
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "odd.json").write_text(json.dumps(advisory(of({"introduced": "next"}, name="x"))), encoding="utf-8")
    found = audit_osv.matched({"x": Version("1")}, tmp_path)
    assert [(hole["id"], hole["fix_versions"]) for hole in found["holes"]] == [("PYSEC-0", ["2"])]
    assert [one.partition(":")[0] for one in found["unread"]] == ["broken.json", "odd.json"]
    lines, is_audited, is_clean = audit_table.advisories(found, TODAY)
    assert not is_audited
    assert not is_clean
    assert "| x 1 | PYSEC-0, CVE-0 | 2 |" in lines


def test_an_old_folder_or_an_empty_one_is_no_audit(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(advisory(of({"introduced": "5"}))), encoding="utf-8")
    found = audit_osv.matched({"some-package": Version("1")}, tmp_path)
    assert audit_table.advisories(found, TODAY)[1:] == (True, True)
    assert audit_table.advisories(found, TODAY + dt.timedelta(days=100))[1:] == (False, True)
    (tmp_path / "a.json").unlink()
    assert not audit_table.advisories(audit_osv.matched({}, tmp_path), TODAY)[1]


def test_the_lock_is_read_for_this_python_alone(tmp_path):
    lock = tmp_path / "lock"
    later = "3.99"
    lock.write_text(
        f"One.Two==1.0 ; python_full_version < '{later}' \\\n    --hash=sha256:00\n"
        f"one-two==2.0 ; python_full_version >= '{later}' \\\n    --hash=sha256:00\n",
        encoding="utf-8",
    )
    assert audit_lock.pinned(lock) == {"one-two": Version("1.0")}
    lock.write_text("loose>=1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="pins no version"):
        audit_lock.pinned(lock)


def test_the_index_says_what_is_newer_and_what_was_withdrawn(tmp_path):
    """pip itself asks an index of files."""
    releases = {
        "old": [("1.0", ""), ("1.1", ""), ("2.0rc1", ""), ("3.0", 'data-requires-python="&gt;=3.99"')],
        "newest": [("0.9", ""), ("1.0", ""), ("1.1", 'data-yanked="broken"')],
        "gone": [("1.0", 'data-yanked="leaks"')],
    }
    for name, files in releases.items():
        (tmp_path / "simple" / name).mkdir(parents=True)
        page = "".join(
            f'<a href="{name}-{version}.tar.gz" {more}>{name}-{version}.tar.gz</a>' for version, more in files
        )
        (tmp_path / "simple" / name / "index.html").write_text(f"<!DOCTYPE html><body>{page}", encoding="utf-8")
    (tmp_path / "lock").write_text("".join(f"{name}==1.0\n" for name in (*releases, "unknown")), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "audit_index.py", tmp_path / "lock", tmp_path / "out.json"],
        env=kept | {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": (tmp_path / "simple").as_uri()},
        check=True,
        capture_output=True,
    )
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    told = {name: (one["newest"], one["newest_here"], one["yanked"]) for name, one in found.items()}
    assert told == {"old": ("3.0", "1.1", None), "newest": (None, None, None), "gone": (None, None, "leaks")}
    lines, is_kept = audit_table.index(found, 4)
    assert not is_kept
    assert "1 are the newest" in lines[0]
    assert "Of 1 packages the index knows nothing" in lines[1]
    assert "| gone 1.0 | this one | this one | **leaks** |" in lines
    assert audit_table.index({"newest": found["newest"]}, 1)[1]
