"""The campaigns file: always the last good one in force, written whole or not at all."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest

from calibration.site import Site
from central.offers.book import CampaignBook
from central.offers.campaigns import Members
from contract.errors import AtriumError, BadInputError
from tests.central.mall import lunch

NEXT = lunch("12:00").replace("version = 3", "version = 4")
SAME_VERSION = lunch("12:00")
BROKEN = lunch().replace('category = "fashion"', 'category = "fasion"')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "campaigns.toml"
    found.write_text(lunch(), encoding="utf-8")
    return found


@pytest.fixture
def book(path: Path, site: Site) -> CampaignBook:
    return CampaignBook(path, site)


def put(path: Path, text: str) -> None:
    """As an editor does: another file in its place."""
    fresh = path.with_suffix(".edited")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)


def test_the_file_is_in_force_with_its_pools_and_comments(book: CampaignBook, path: Path) -> None:
    assert [one.id for one in book.campaigns] == ["lunch"]
    assert set(book.pools) == {"DINE-15"}
    assert (book.currency, book.fault, book.stamp) == ("EUR", "", 1)
    assert book.text == path.read_text()


def test_a_mall_without_campaigns_has_an_empty_book(site: Site) -> None:
    book = CampaignBook(None, site)
    assert (book.all, book.campaigns, book.pools, book.refresh()) == ((), (), {}, False)
    with pytest.raises(BadInputError, match=r"CENTRAL\.toml"):
        book.replace(lunch())


def test_a_file_that_is_wrong_at_the_start_is_refused_with_every_finding(path: Path, site: Site) -> None:
    path.write_text(BROKEN.replace("version = 3", "version = 0"), encoding="utf-8")
    with pytest.raises(BadInputError) as refused:
        CampaignBook(path, site)
    assert "fasion" in str(refused.value)
    assert "version" in str(refused.value)


NAMED = (
    lunch()
    + """
[[campaigns]]
id = "M-7"
version = 1
scene = "one_off"
coupon = "DINE-15"
wording = "M-7 # and M-77"  # M-7 wrote on Monday, M-77 on Tuesday
conditions = [{ kind = "members", ids = [
    "M-7", # "M-7"
    'M-77', "M-7.b"
] }]
"""
)


@pytest.mark.parametrize("is_broken", [False, True])
def test_an_erased_member_is_named_nowhere_in_the_file(site: Site, path: Path, is_broken: bool) -> None:
    path.write_text(NAMED, encoding="utf-8")
    book = CampaignBook(path, site)
    if is_broken:  # a newer file, not in force, that names them all the same
        path.write_text(NAMED.replace("  # M-7 wrote", "  # M wrote").replace("version = 3", "version 3"), "utf-8")
    assert book.forget("M-7")
    assert book.campaigns[1].conditions == [Members(ids=["~", "M-77", "M-7.b"])]
    left = [line for line in path.read_text().splitlines() if re.search(r"M-7(?!7|\.b)", line)]
    assert left == ['id = "M-7"', next(line for line in left if line.startswith("wording"))]
    assert book.campaigns[1].wording == "M-7 # and M-77"
    assert not book.forget("M-7")
    assert not book.refresh()
    assert bool(book.fault) == is_broken


def test_a_member_whom_the_file_does_not_name_changes_nothing(book: CampaignBook, path: Path) -> None:
    before = path.stat()
    assert not book.forget("lunch")
    assert (path.stat().st_ino, book.stamp) == (before.st_ino, 1)


def test_nothing_is_read_while_the_file_stays_the_same(book: CampaignBook) -> None:
    before = book.campaigns
    assert not book.refresh()
    assert book.campaigns is before


def test_a_changed_file_takes_force(book: CampaignBook, path: Path) -> None:
    put(path, NEXT)
    assert book.refresh()
    assert not book.refresh()
    assert (book.campaigns[0].version, book.stamp, book.fault) == (4, 2, "")


def test_a_file_changed_in_place_takes_force(book: CampaignBook, path: Path) -> None:
    path.write_text(NEXT, encoding="utf-8")
    os.utime(path, (1, 1))  # however coarse the clock of the disk is
    assert book.refresh()


def test_a_broken_file_leaves_the_last_good_one_in_force_and_says_why(book: CampaignBook, path: Path) -> None:
    put(path, BROKEN)
    assert not book.refresh()
    assert (book.campaigns[0].version, book.stamp) == (3, 1)
    assert "fasion" in book.fault
    assert f"{path}:" in book.fault
    put(path, NEXT)
    assert book.refresh()
    assert book.fault == ""


def test_going_back_to_what_is_in_force_clears_the_fault(book: CampaignBook, path: Path) -> None:
    put(path, BROKEN)
    book.refresh()
    put(path, lunch())
    assert not book.refresh()
    assert (book.fault, book.stamp) == ("", 1)


def test_a_file_that_is_gone_or_unreadable_leaves_the_last_good_one_in_force(book: CampaignBook, path: Path) -> None:
    path.unlink()
    assert not book.refresh()
    assert "no such file" in book.fault
    path.write_bytes(b"\xff\xfe")
    assert not book.refresh()
    assert "UTF-8" in book.fault
    assert len(book.campaigns) == 1


@pytest.mark.parametrize("by", ["file", "editor"])
def test_a_changed_campaign_needs_a_higher_version(book: CampaignBook, path: Path, by: str) -> None:
    if by == "file":
        put(path, SAME_VERSION)
        assert not book.refresh()
        said = book.fault
    else:
        (finding,) = [one for one in book.replace(SAME_VERSION) if one.severity == "error"]
        assert SAME_VERSION.splitlines()[finding.line - 1] == "version = 3"
        said = str(finding)
        assert path.read_text() == lunch()
    assert "set version = 4" in said
    assert book.campaigns[0].version == 3


def test_comments_and_switching_off_need_no_version(book: CampaignBook) -> None:
    text = "# off for the holidays\n" + lunch().replace("version = 3", "version = 3\nenabled = false")
    assert not [one for one in book.replace(text) if one.severity == "error"]
    assert (book.campaigns, len(book.all), book.stamp) == ((), 1, 2)


def test_what_is_saved_is_the_file_and_needs_no_rereading(book: CampaignBook, path: Path) -> None:
    path.chmod(0o640)
    text = "# Maria, June: later lunch\n" + NEXT
    assert all(one.severity == "warning" for one in book.replace(text))
    assert path.read_text(encoding="utf-8") == text == book.text
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.glob("campaigns*")) == [path]
    assert not book.refresh()


def test_what_is_wrong_is_not_saved(book: CampaignBook, path: Path) -> None:
    (finding,) = [one for one in book.replace(BROKEN) if one.severity == "error"]
    assert finding.field == "campaigns[0].conditions[1].category"
    assert path.read_text() == lunch()
    assert book.stamp == 1


def test_a_disk_that_takes_nothing_leaves_the_old_file(
    book: CampaignBook, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AtriumError, match="No space left"):
        book.replace(NEXT)
    assert path.read_text() == lunch()
    assert book.campaigns[0].version == 3
    assert list(path.parent.glob("campaigns*")) == [path]


def test_readers_never_see_half_of_one_file_and_half_of_another(book: CampaignBook) -> None:
    texts = [
        lunch().replace("DINE-15", name).replace("version = 3", f"version = {number}")
        for number, name in enumerate(["POOL-A", "POOL-B"] * 10, 4)
    ]
    wrong: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            edition = book.now
            if edition.enabled[0].coupon not in edition.pools:
                wrong.append(edition.enabled[0].coupon)

    reader = threading.Thread(target=read)
    reader.start()
    for text in texts:
        assert all(one.severity == "warning" for one in book.replace(text))
    done.set()
    reader.join()
    assert wrong == []
