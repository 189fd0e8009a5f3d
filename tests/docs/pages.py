"""The pages' shell blocks, and who runs them: every line is run by a test, or stands in NOT_RUN with why."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.shared_data import ROOT

PAGES = {path.name: path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}
FENCED = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.DOTALL | re.MULTILINE)

WALKED = {
    "README.md": "tests/docs/test_host_pages.py",
    "access.md": "tests/docs/test_central_pages.py",
    "calibrate.md": "tests/docs/test_host_pages.py",
    "cameras.md": "tests/cli/test_cameras_guide.py",
    "central.md": "tests/docs/test_central_pages.py",
    "certificates.md": "tests/docs/test_host_pages.py",
    "campaigns.md": "tests/docs/test_central_pages.py",
    "commissioning.md": "tests/docs/test_commissioning.py",
    "coupons.md": "tests/docs/test_central_pages.py",
    "delivery.md": "tests/docs/test_central_pages.py",
    "doctor.md": "tests/docs/test_host_pages.py",
    "enrolment.md": "tests/cli/test_box.py",
    "firmware.md": "tests/firmware_configs/test_firmware_guide.py",
    "install.md": "tests/packaging/test_pages.py",
    "linking.md": "tests/docs/test_central_pages.py",
    "members.md": "tests/docs/test_central_pages.py",
    "models.md": "tests/docs/test_host_pages.py",
    "offers.md": "tests/central/test_offers_guide.py",
    "recovery.md": "tests/central/upkeep/test_recovery_page.py",
    "systemd.md": "tests/systemd/test_boot.py",
    "upgrade.md": "tests/packaging/test_pages.py",
}
"""Which module runs a page's blocks."""

IN_A_GUEST = "needs systemd; tests/systemd/test_boot.py runs it in a guest"
APPLIED = "restarts the services of a running host; tests/firmware_configs/test_apply.py has what it does"
NOT_RUN = {
    "README.md": {
        "scripts/demo ": "a whole mall; tests/cli/test_demo.py runs the demo",
        "scripts/test ": "it is what runs this",
        ".venv/bin/atrium replay clip.mp4": "the clip is the reader's; tests/edge/test_replay.py has its own",
        ".venv/bin/atrium edge run BOX.toml": "the camera is the reader's; tests/edge/test_live_box.py has its own",
    },
    "bring-your-own-model.md": {
        "atrium detect shop.mp4": "the weights are the reader's; tests/cli/test_detect.py has its own",
    },
    "licences.md": {
        "debian/gpl-marks /opt/atrium": "of an installed package; tests/packaging/test_clean_root.py looks there",
    },
    "chaos.md": {
        "sudo .venv/bin/python -m benchmarks.chaos": "half an hour; tests/chaos/test_chaos.py runs a short one",
    },
    "commissioning.md": {
        "systemctl enable": IN_A_GUEST,
        "atrium firmware apply": APPLIED,
        "atrium cameras": "a camera has to be there; tests/cli/test_cameras_guide.py walks the page with these",
    },
    "enrolment.md": {"systemctl enable": IN_A_GUEST},
    "firmware.md": {
        "sudo atrium firmware apply BOX.toml --restart": APPLIED,
    },
    "install.md": {
        "apt-get install -y --no-install-recommends debhelper": (
            "fetches all of Debian that Atrium needs; tests/packaging/test_clean_root.py makes a stick so"
        ),
        "scripts/package --stick": "the same",
    },
    "models.md": {
        "atrium models pull nanodet-plus": "asks the internet; tests/models/test_pull.py asks a server of its own",
        "atrium models pull yolox-s --to": "the same",
        "atrium models pull yolox-s --from": "the same",
        "atrium models bench": "measures every model for minutes; tests/models/test_model_bench.py measures one",
        "pip install 'atrium-vision[quantize]'": "asks the internet",
        "atrium models quantize": "the model is the reader's; tests/models/test_quantize.py has its own",
    },
    "security.md": {
        "scripts/sbom": "installs its tool from the index; it is run before a release",
    },
}
"""By page: how a line begins that no test can run where tests run, and why."""


class Page:
    """A page's shell blocks, to be taken one after the other.

    Attributes:
        name: the file's name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        text = PAGES[name].read_text(encoding="utf-8")
        self._left = [kept for block in shell_blocks(text) if (kept := self._to_run(block))]

    def _to_run(self, block: str) -> str:
        lines = lines_of(block)
        kept = [line for line in lines if why_not(self.name, line) is None]
        return block if kept == lines else "".join(f"{line}\n" for line in kept)

    def take(self, start: str) -> str:
        """The next block; it begins so.

        Raises:
            AssertionError: there is none any more, or it begins otherwise.
        """
        assert self._left, f"{self.name}: no block any more that begins with {start!r}"
        assert self._left[0].startswith(start), f"{self.name}: the next block is\n{self._left[0]}"
        return self._left.pop(0)

    @property
    def left(self) -> list[str]:
        """What nobody has taken."""
        return self._left


@contextmanager
def walked(name: str) -> Iterator[Callable[[str], str]]:
    """:meth:`Page.take` of a page, of which all blocks have to be taken."""
    page = Page(name)
    yield page.take
    assert page.left == [], f"{name}: nobody has run these"


def shell_blocks(text: str) -> list[str]:
    """What stands between ```sh and ``` on a page, without its indent."""
    return [textwrap.dedent(hit["text"]) for hit in FENCED.finditer(text) if hit["language"] == "sh"]


def lines_of(block: str) -> list[str]:
    """A block's commands: lines that go on are one, empty ones none."""
    return [line for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def why_not(page: str, line: str) -> str | None:
    """Why a line is not run, or None where a test runs it."""
    return next((why for start, why in NOT_RUN.get(page, {}).items() if line.startswith(start)), None)
