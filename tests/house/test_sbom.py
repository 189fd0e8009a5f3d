"""The bill of materials holds what debian/ffmpeg builds, by the build's own pins."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.shared_data import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
try:
    sbom_built = importlib.import_module("sbom_built")
finally:
    sys.path.remove(str(ROOT / "scripts"))

BUILD = ROOT / "debian" / "ffmpeg"


def bill(*versions: str) -> dict[str, Any]:
    """As cyclonedx-py writes it: a PyAV for each version, and something else."""
    names = [*(("av", version) for version in versions), ("numpy", "2.0")]
    components = [{"bom-ref": f"L{at}", "name": name, "version": has} for at, (name, has) in enumerate(names)]
    return {"components": components, "dependencies": [{"ref": one["bom-ref"]} for one in components]}


def test_ffmpeg_and_openh264_stand_in_it_with_version_licence_and_source(tmp_path: Path) -> None:
    path = tmp_path / "sbom.json"
    path.write_text(json.dumps(bill("18.1.0", "19.0.2")), encoding="utf-8")
    subprocess.run([sys.executable, ROOT / "scripts" / "sbom_built.py", path, BUILD], check=True)
    whole = json.loads(path.read_text(encoding="utf-8"))
    found = {one["name"]: one for one in whole["components"] if "licenses" in one}
    script = BUILD.read_text(encoding="utf-8")
    shipped = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    for name, licence, version, sha256 in (
        ("ffmpeg", "LGPL-2.1-or-later", "version", "sha256"),
        ("openh264", "BSD-2-Clause", "openh264", "openh264_sha256"),
    ):
        one = found[name]
        assert f"\n{version}={one['version']}\n" in script
        [source] = one["externalReferences"]
        [hashed] = source["hashes"]
        assert re.fullmatch("[0-9a-f]{64}", hashed["content"])
        assert f"\n{sha256}={hashed['content']}\n" in script
        assert one["licenses"] == [{"license": {"acknowledgement": "declared", "id": licence}}]
        assert licence in shipped
    assert f"| FFmpeg {found['ffmpeg']['version']} | `av.libs` |" in shipped
    needs = {one["ref"]: one.get("dependsOn", []) for one in whole["dependencies"]}
    # the other PyAV is for a Python that the package is not built for
    assert needs == {
        "L0": [found["ffmpeg"]["bom-ref"]], "L1": [], "L2": [],
        found["ffmpeg"]["bom-ref"]: [found["openh264"]["bom-ref"]], found["openh264"]["bom-ref"]: [],
    }  # fmt: skip


def test_a_build_without_pins_and_a_bill_without_its_pyav_are_refused() -> None:
    script = BUILD.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="debian/ffmpeg does not say openh264_sha256"):
        sbom_built.add_built(bill("18.1.0"), script.replace("openh264_sha256=", "sum="))
    with pytest.raises(ValueError, match="does not say pyav"):
        sbom_built.pins_of(script.replace(".*) ;;", ") ;;"))
    with pytest.raises(ValueError, match="the bill has no av 18"):
        sbom_built.add_built(bill("19.0.2"), script)
