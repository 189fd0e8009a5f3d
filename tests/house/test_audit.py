"""The audit says what it does not know: packages nobody looked up and remarks nobody explained fail it."""

from __future__ import annotations

import importlib.util

from tests.shared_data import ROOT

spec = importlib.util.spec_from_file_location("audit_table", ROOT / "scripts" / "audit_table.py")
assert spec is not None
assert spec.loader is not None
audit_table = importlib.util.module_from_spec(spec)
spec.loader.exec_module(audit_table)

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
    assert audit_table.packages([known], "lock")[1]
    lines, well = audit_table.packages([known, unknown], "lock")
    assert not well
    assert "1 looked up" in lines[0]
    assert "not audited" in lines[1]
    assert not audit_table.packages([], "lock")[1]
    hole = {"name": "c", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
    lines, well = audit_table.packages([hole], "lock")
    assert not well
    assert "| c 2 | PYSEC-1 | 2.1 |" in lines


def test_a_remark_without_a_reason_and_a_reason_without_a_remark_fail():
    assert audit_table.remarks([REMARK], [WHY])[1]
    elsewhere = REMARK | {"filename": "./edge/a.py"}
    lines, well = audit_table.remarks([REMARK, elsewhere], [WHY])
    assert not well
    assert "edge/a.py:7" in lines[-1]
    assert not audit_table.remarks([], [WHY])[1]
