"""Nothing is compiled while messages come: a rehearsal has run every kernel, in a process that ran nothing before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.central.mall import ROOT, write_site

PROGRAM = """
import importlib, json, sys
from pathlib import Path
from calibration.site import load_site
from central.rehearsal import rehearse
squares = rehearse(load_site(Path(sys.argv[1])), 5)
run = {}
for module in ("central.insight.kernels", "central.journeys.kernels", "central.store.heat.kernels"):
    for name, one in vars(importlib.import_module(module)).items():
        if hasattr(one, "signatures"):
            run[f"{module}.{name}"] = len(one.signatures)
print(json.dumps([squares, run]))
"""


def test_a_rehearsal_runs_every_kernel(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(write_site(tmp_path))]
    squares, run = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert squares > 0
    assert len(run) >= 7
    assert [name for name, times in run.items() if not times] == []
