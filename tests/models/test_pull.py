"""A pulled model is the registry's to the byte, or is not there; what was interrupted goes on."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from contract.errors import AtriumError, BadInputError
from models.cache import alone, store, stores, user_folder
from models.pull import pull
from models.registry import Download, resolve
from tests.models.model_server import ModelServer, Proxy

BODY = np.random.default_rng(5).bytes(300_001)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def entry(*addresses: str, body: bytes = BODY, **changes) -> Download:
    fields = {
        "name": "tiny",
        "file": "tiny.onnx",
        "addresses": list(addresses),
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "head": "yolox",
        "input_width": 416,
        "input_height": 416,
        "precision": "fp32",
        "licence": "Apache-2.0",
        "good_for": "tests",
    }
    return Download(**(fields | changes))


def fetch(model: Download, folder: Path, **options) -> Path:
    return pull(model, folder, pause=lambda _seconds: None, **options)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def part_of(model: Download, folder: Path) -> Path:
    return folder / f".{model.file}.{model.sha256[:12]}.part"


def test_a_model_comes_whole_and_alone(tmp_path: Path):
    told = []
    with ModelServer(BODY) as site:
        path = fetch(entry(site.address), tmp_path / "new" / "store", progress=lambda *step: told.append(step))
    assert path.read_bytes() == BODY
    assert left_in(path.parent) == ["tiny.onnx"]
    assert told[-1] == (len(BODY), len(BODY))
    assert site.requests == [("/zoo/object_detection.onnx", None)]


def test_what_is_there_is_not_asked_for_again(tmp_path: Path):
    (tmp_path / "tiny.onnx").write_bytes(BODY)
    assert fetch(entry("http://127.0.0.1:9/nobody.onnx"), tmp_path) == tmp_path / "tiny.onnx"


def test_a_damaged_file_is_replaced(tmp_path: Path):
    (tmp_path / "tiny.onnx").write_bytes(BODY[:-1] + b"?")
    with ModelServer(BODY) as site:
        assert fetch(entry(site.address), tmp_path).read_bytes() == BODY


def test_a_transfer_that_breaks_off_goes_on_by_itself(tmp_path: Path):
    with ModelServer(BODY, cuts=[100_000, 50_000]) as site:
        assert fetch(entry(site.address), tmp_path).read_bytes() == BODY
    assert [asked for _, asked in site.requests] == [None, "bytes=100000-", "bytes=150000-"]


def test_a_later_pull_goes_on_where_an_earlier_one_ended(tmp_path: Path):
    model = entry("http://127.0.0.1:9/x.onnx")
    part_of(model, tmp_path).write_bytes(BODY[:123_456])
    with ModelServer(BODY) as site:
        path = fetch(entry(site.address), tmp_path)
    assert path.read_bytes() == BODY
    assert site.requests == [("/zoo/object_detection.onnx", "bytes=123456-")]
    assert left_in(tmp_path) == ["tiny.onnx"]


def test_a_whole_part_needs_no_server(tmp_path: Path):
    model = entry("http://127.0.0.1:9/x.onnx")
    part_of(model, tmp_path).write_bytes(BODY)
    assert fetch(model, tmp_path).read_bytes() == BODY


def test_a_server_without_ranges_starts_again(tmp_path: Path):
    with ModelServer(BODY, ranges=False, cuts=[100_000]) as site:
        assert fetch(entry(site.address), tmp_path).read_bytes() == BODY
    assert [asked for _, asked in site.requests] == [None, "bytes=100000-"]


def test_a_server_that_says_no_length_is_cut_short_and_goes_on(tmp_path: Path):
    with ModelServer(BODY, length=False, cuts=[70_000]) as site:
        assert fetch(entry(site.address), tmp_path).read_bytes() == BODY


def test_a_damaged_part_is_thrown_away_and_all_of_it_fetched(tmp_path: Path):
    with ModelServer(BODY) as site:
        model = entry(site.address)
        part_of(model, tmp_path).write_bytes(b"?" * 1000)
        assert fetch(model, tmp_path).read_bytes() == BODY
    assert [asked for _, asked in site.requests] == ["bytes=1000-", None]


def test_a_redirect_is_followed(tmp_path: Path):
    with ModelServer(BODY, redirect=True) as site:
        assert fetch(entry(site.address), tmp_path).read_bytes() == BODY


def test_wrong_bytes_leave_nothing(tmp_path: Path):
    other = BODY[:-1] + b"?"
    with ModelServer(other) as site, pytest.raises(AtriumError, match=r"sha256 is .* the registry says") as caught:
        fetch(entry(site.address), tmp_path)
    assert left_in(tmp_path) == []
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("length", [True, False])
def test_a_longer_body_leaves_nothing_and_is_not_read_on(tmp_path: Path, length: bool):
    with ModelServer(BODY * 20, length=length) as site, pytest.raises(AtriumError, match="300001") as caught:
        fetch(entry(site.address), tmp_path)
    assert left_in(tmp_path) == []
    assert "the registry" in str(caught.value)


def test_a_shorter_body_of_an_honest_server_leaves_nothing(tmp_path: Path):
    # what a large-file address gives without the media host: a pointer of three lines
    with ModelServer(b"version https://git-lfs") as site, pytest.raises(AtriumError, match="is 23 bytes"):
        fetch(entry(site.address), tmp_path)
    assert left_in(tmp_path) == []


def test_a_damaged_beginning_and_a_wrong_body_leave_nothing(tmp_path: Path):
    with ModelServer(BODY[:-1] + b"?") as site:
        model = entry(site.address)
        part_of(model, tmp_path).write_bytes(b"?" * 1000)
        with pytest.raises(AtriumError, match="sha256"):
            fetch(model, tmp_path)
    assert left_in(tmp_path) == []


def test_the_next_address_is_tried(tmp_path: Path):
    with ModelServer(BODY, status=404) as gone, ModelServer(BODY[::-1]) as wrong, ModelServer(BODY) as site:
        path = fetch(entry(gone.address, wrong.address, site.address), tmp_path)
    assert path.read_bytes() == BODY
    assert len(gone.requests) == 1  # a server that says no is not asked again


def test_a_busy_server_is_asked_four_times_with_pauses(tmp_path: Path):
    pauses: list[float] = []
    with ModelServer(BODY, status=503) as site, pytest.raises(AtriumError, match="HTTP 503"):
        pull(entry(site.address), tmp_path, pause=pauses.append)
    assert len(site.requests) == 4
    assert pauses == [1.0, 3.0, 9.0]


def test_no_server_is_one_line_with_the_mend(tmp_path: Path):
    with pytest.raises(AtriumError, match=r"127\.0\.0\.1:9: .* use --from DIR") as caught:
        fetch(entry("http://127.0.0.1:9/x.onnx"), tmp_path)
    assert "\n" not in str(caught.value)
    assert left_in(tmp_path) == []


def test_a_part_is_kept_for_later_where_the_server_goes_away(tmp_path: Path):
    with ModelServer(BODY, cuts=[90_000, 0, 0, 0, 0]) as site:
        model = entry(site.address)
        with pytest.raises(AtriumError, match=r"0\.1 MB are kept; the same command goes on"):
            fetch(model, tmp_path)
    assert left_in(tmp_path) == [part_of(model, tmp_path).name]
    assert part_of(model, tmp_path).stat().st_size == 90_000


def test_a_proxy_is_asked_where_the_environment_names_one(tmp_path: Path, monkeypatch):
    with ModelServer(BODY) as site, Proxy() as proxy:
        proxy.server.behind = f"http://127.0.0.1:{site.server.server_port}"
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        path = fetch(entry("http://models.example/zoo/a.onnx"), tmp_path)
        assert path.read_bytes() == BODY
        assert proxy.asked == ["http://models.example/zoo/a.onnx"]
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        path.unlink()
        assert fetch(entry(site.address), tmp_path).read_bytes() == BODY
        assert len(proxy.asked) == 1


@pytest.mark.parametrize("name", ["tiny.onnx", "object_detection.onnx"])
def test_a_site_without_internet_copies_from_a_folder(tmp_path: Path, name: str):
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / name).write_bytes(BODY)
    model = entry("http://127.0.0.1:9/zoo/object_detection.onnx")
    assert fetch(model, tmp_path / "store", source=stick).read_bytes() == BODY
    assert fetch(model, tmp_path / "other", source=stick / name).read_bytes() == BODY
    assert left_in(tmp_path / "store") == ["tiny.onnx"]


def test_a_wrong_file_on_the_stick_leaves_nothing(tmp_path: Path):
    stick, target = tmp_path / "stick", tmp_path / "store"
    stick.mkdir()
    model = entry("http://127.0.0.1:9/x.onnx")
    with pytest.raises(BadInputError, match=r"stick: holds no tiny\.onnx or x\.onnx"):
        fetch(model, target, source=stick)
    for wrong in (BODY[:-1], BODY + b"?", b"?" * len(BODY)):
        (stick / "tiny.onnx").write_bytes(wrong)
        with pytest.raises(BadInputError, match="the registry"):
            fetch(model, target, source=stick)
        assert left_in(target) == []


def test_a_full_disk_is_told_before_a_byte_is_fetched(tmp_path: Path):
    with ModelServer(BODY) as site, pytest.raises(AtriumError, match=r"disk is full; tiny needs 0 MB: free some"):
        fetch(entry(site.address), tmp_path, free=lambda _folder: 1000)
    assert site.requests == []
    assert left_in(tmp_path) == []


FULL = """
import sys
from pathlib import Path
from contract.errors import AtriumError
from models.pull import pull
from tests.models.test_pull import entry
folder = Path(sys.argv[2])
try:
    pull(entry(sys.argv[1]), folder, free=lambda _folder: 1 << 40)
except AtriumError as error:
    print(error, [path.name for path in folder.iterdir()])
"""


def test_a_disk_that_fills_up_meanwhile_is_told_and_left_clean(tmp_path: Path):
    # a real disk of 128 kB, mounted where only this child sees it
    mount = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=128k tmpfs "$1" && shift && exec "$@"', "sh"]
    if subprocess.run([*mount, str(tmp_path), "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets no unprivileged process mount a small disk")
    with ModelServer(BODY) as site:
        child = [*mount, str(tmp_path), sys.executable, "-c", FULL, site.address, str(tmp_path)]
        run = subprocess.run(child, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert "the disk is full; tiny needs 0 MB" in run.stdout
    assert run.stdout.strip().endswith("[]")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AtriumError, match=r"file.*--to"):
        fetch(entry("http://127.0.0.1:9/x.onnx"), tmp_path / "file")


def test_two_pulls_at_once_are_told_apart(tmp_path: Path):
    holder = os.open(tmp_path / ".tiny.onnx.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(holder, fcntl.LOCK_EX)
    with pytest.raises(AtriumError, match="a pull of tiny is under way in another process"):
        fetch(entry("http://127.0.0.1:9/x.onnx"), tmp_path)
    os.close(holder)
    with ModelServer(BODY) as site:  # a lock file without a holder is no lock
        assert fetch(entry(site.address), tmp_path).read_bytes() == BODY
    with alone(tmp_path / "lock", "it"):
        assert (tmp_path / "lock").exists()
    assert not (tmp_path / "lock").exists()


# a test run started in the background has its children ignore SIGINT
VICTIM = """
import signal
import sys
from pathlib import Path
from models.pull import pull
from tests.models.test_pull import entry
signal.signal(signal.SIGINT, signal.default_int_handler)
pull(entry(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_pull_goes_on_with_what_it_has(tmp_path: Path, ending: signal.Signals):
    root = Path(__file__).parents[2]
    with ModelServer(BODY, slow=0.05) as site:
        model = entry(site.address)
        victim = subprocess.Popen(
            [sys.executable, "-c", VICTIM, site.address, str(tmp_path)], cwd=root, stderr=subprocess.DEVNULL
        )
        part = part_of(model, tmp_path)
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            with contextlib.suppress(FileNotFoundError):
                if part.stat().st_size > 8000:
                    break
            time.sleep(0.02)
        victim.send_signal(ending)
        assert victim.wait(30) != 0
        have = part.stat().st_size
        assert 8000 < have < len(BODY)
        assert not (tmp_path / "tiny.onnx").exists()
        site.slow = 0.0
        assert fetch(model, tmp_path).read_bytes() == BODY
    assert site.requests[-1][1] == f"bytes={have}-"


def test_models_live_with_the_system_or_with_the_user(tmp_path: Path):
    system = tmp_path / "var" / "models"
    home = {"HOME": "/home/ada"}
    assert store(home, system) == system
    (tmp_path / "file").write_text("")
    nowhere = tmp_path / "file" / "models"
    assert store(home, nowhere) == Path("/home/ada/.local/share/atrium/models")
    assert stores(home, nowhere) == (nowhere, user_folder(home))
    assert store({"XDG_DATA_HOME": "/data"}, nowhere) == Path("/data/atrium/models")
    assert store({"ATRIUM_MODELS": "/here"}, system) == Path("/here")
    assert stores({"ATRIUM_MODELS": "/here"}, system) == (Path("/here"),)


def test_a_pulled_model_is_found_by_its_name(tmp_path: Path):
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    listed = entry("http://127.0.0.1:9/x.onnx")
    lines = [f"{key} = {value!r}" for key, value in zip(listed.__struct_fields__, entry_values(listed), strict=True)]
    (shelf / "registry.toml").write_text("model = []\n[[download]]\n" + "\n".join(lines).replace("'", '"'))
    folders = [tmp_path / "absent", tmp_path / "store"]
    with pytest.raises(BadInputError, match=r"'tiny' has not been pulled; run: atrium models pull tiny"):
        resolve("tiny", shelf, folders)
    folders[1].mkdir()
    (folders[1] / "tiny.onnx").write_bytes(BODY)
    found = resolve("tiny", shelf, folders)
    assert (found.path, found.metadata) == (folders[1] / "tiny.onnx", listed)
    (folders[1] / "tiny.onnx").write_bytes(BODY[1:])
    with pytest.raises(BadInputError, match=r"tiny\.onnx: is not the file of registry\.toml.*atrium models pull tiny"):
        resolve("tiny", shelf, folders)


def entry_values(listed: Download) -> list[object]:
    return [getattr(listed, field) for field in listed.__struct_fields__]
