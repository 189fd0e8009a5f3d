"""The package build stops on GPL code: what debian/gpl-marks finds, and when debian/ffmpeg refuses to go on."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared_data import ROOT

FFMPEG = ROOT / "debian" / "ffmpeg"


def look(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "debian" / "gpl-marks", folder], capture_output=True, text=True, check=False)


def beside(package: str, libraries: str) -> Path:
    """The folder of libraries that a wheel brought."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent.parent / libraries
    if not folder.is_dir():
        pytest.skip(f"{package} was not installed from its wheel")
    return folder


def test_pyav_s_own_wheel_is_found_out() -> None:
    libraries = beside("av", "av.libs")
    if not list(libraries.glob("libx264*")):
        pytest.skip("this PyAV is not its makers' wheel")
    said = look(libraries)
    assert said.returncode == 1
    named = {line.split("-")[0] for line in said.stdout.splitlines()}
    assert {"libavcodec", "libx264", "libx265"} <= named


def test_an_ffmpeg_under_the_lgpl_passes() -> None:
    libraries = beside("cv2", "opencv_python_headless.libs")
    assert list(libraries.glob("libavcodec*")), "there is an FFmpeg to look at"
    assert look(libraries).stdout == ""


@pytest.mark.parametrize(
    ("content", "bad"),
    [
        (b"--disable-gpl --enable-libopenh264 LGPL version 2.1 or later x264 - core %d", False),
        (b"--prefix=/x --enable-gpl", True),
        (b"libavutil license: GPL version 2 or later", True),
        (b"\0x265_api_get_216\0", True),
    ],
)
def test_each_mark_counts(tmp_path: Path, content: bytes, bad: bool) -> None:
    (tmp_path / "libavcodec.so.62").write_bytes(content)
    assert look(tmp_path).returncode == int(bad)


def test_an_empty_folder_is_not_taken_for_a_clean_one(tmp_path: Path) -> None:
    assert look(tmp_path).returncode == 2


def build(folder: Path, lock: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "requirements-run.lock").write_text(lock, encoding="utf-8")
    return subprocess.run(
        [FFMPEG, sys.executable, folder / "venv"],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_pyav_without_a_known_ffmpeg_is_not_built(tmp_path: Path) -> None:
    ended = build(tmp_path, "av==99.0.0 \\\n    --hash=sha256:00\n")
    assert ended.returncode == 1
    assert "PyAV 99.0.0 is new here" in ended.stderr


def test_another_source_is_not_built(tmp_path: Path) -> None:
    source = tmp_path / "ffmpeg.tar.xz"
    source.write_bytes(b"something else")
    ended = build(tmp_path, "av==18.1.0 \\\n    --hash=sha256:00\n", ATRIUM_FFMPEG=str(source))
    assert ended.returncode == 1
    assert "not FFmpeg 8.1.2 as it was released" in ended.stderr
