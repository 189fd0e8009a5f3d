"""Tables as customer systems export them, whole and broken."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.members.mapping import load_mapping
from central.members.reading import Reader
from central.members.table import Fault, Line, Table, open_table
from contract.errors import BadInputError
from tests.central.mall import NOON

MAPPING = """schema = "atrium.members-mapping.v1"
timezone = "Asia/Shanghai"
dates = ["%Y-%m-%d", "%d/%m/%Y"]

[columns]
member = "卡号"
phone = "手机"
tier = "等级"
tags = "标签"
channels = "渠道"
birthday_month = "生日"
joined_on = "入会"

[values.tier]
"金卡" = "gold"
[values.channels]
"短信" = "sms"

[[consents]]
purpose = "offers"
column = "营销同意"
given_at_column = "同意日期"
wording = "2026-1"
source = "crm"
"""
HEAD = "卡号,手机,等级,标签,渠道,生日,入会,营销同意,同意日期"
GOOD = "M-1,138 0013 8000,金卡,常客;亲子,短信,1988-05-20,20/01/2024,是,2025-06-01"


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "members.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING, encoding="utf-8")
    return Reader(load_mapping(path), NOON)


def opened(folder: Path, reader: Reader, text: str, encoding: str = "utf-8") -> Table:
    return open_table(write(folder, text, encoding), reader.mapping.titles)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encoding_and_delimiter_are_found_out(tmp_path: Path, reader: Reader, encoding: str, delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(csv.reader([HEAD, GOOD]))
    table = opened(tmp_path, reader, text.getvalue(), encoding)
    (row,) = table.rows()
    assert (table.encoding, table.delimiter) == (encoding, delimiter)
    assert reader.read(row) == {
        "member": "M-1",
        "phone": "138 0013 8000",
        "tier": "gold",
        "tags": ["常客", "亲子"],
        "channels": ["sms"],
        "birthday_month": 5,
        "joined_on": "2024-01-20",
        "consents": [
            {
                "purpose": "offers",
                "given_at": "2025-05-31T16:00:00.000Z",
                "wording_version": "2026-1",
                "source": "crm",
            }
        ],
        "withdrawn": [],
    }


def test_a_western_file_is_not_read_as_chinese(tmp_path: Path, reader: Reader) -> None:
    path = tmp_path / "members.csv"
    path.write_bytes("Cartão;Nível\nM-1;sócio até março são\n".encode("cp1252"))
    with pytest.raises(BadInputError, match="cp1252"):
        open_table(path, ["Cartão"])
    assert [line.cells["Nível"] for line in open_table(path, ["Cartão"], "cp1252").rows()] == ["sócio até março são"]


def cells(**changed: str) -> Line:
    found = dict(zip(HEAD.split(","), GOOD.split(","), strict=True))
    return Line(7, found | {"卡号": "M-1"} | changed)


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("卡号", "", "member id"),
        ("卡号", "M 1", "member id"),
        ("卡号", "=cmd|' /C calc'!A0", "member id"),
        ("手机", "call me", "phone number"),
        ("渠道", "pigeon", "values.channels"),
        ("等级", "g" * 65, "too long"),
        ("标签", ";".join(f"t{n}" for n in range(65)), "64 at most"),
        ("生日", "13", "no month"),
        ("生日", "May", "no date by"),
        ("入会", "31/02/2024", "no date by"),
        ("营销同意", "maybe", "neither yes nor no"),
        ("同意日期", "", "fill it in"),
        ("同意日期", "2026-01-02", "future"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column_with_the_mend(
    reader: Reader, column: str, text: str, words: str
) -> None:
    fault = reader.read(cells(**{column: text}))
    assert isinstance(fault, Fault)
    assert (fault.line, fault.column) == (7, column)
    assert words in fault.message
    assert str(fault).startswith(f"line 7, column {column!r}: ")


def test_a_phone_number_is_in_no_message(reader: Reader) -> None:
    fault = reader.read(cells(手机="0912345678 oder 12"))
    assert isinstance(fault, Fault)
    assert "0912345678" not in str(fault)


@pytest.mark.parametrize(("word", "given", "withdrawn"), [("是", 1, 0), ("NO", 0, 1), ("", 0, 0), ("\uff39", 1, 0)])
def test_yes_is_a_consent_no_a_withdrawal_and_a_blank_is_silent(
    reader: Reader, word: str, given: int, withdrawn: int
) -> None:
    row = reader.read(cells(营销同意=word))
    assert isinstance(row, dict)
    assert (len(row["consents"]), len(row["withdrawn"])) == (given, withdrawn)


def test_lines_are_counted_as_an_editor_does(tmp_path: Path, reader: Reader) -> None:
    rows = [GOOD.replace("常客;亲子", '"two\nlines"'), "M-2,1,2", "", GOOD.replace("M-1", "M-3")]
    table = opened(tmp_path, reader, "\n".join([HEAD, *rows]) + "\n")
    assert [line.number for line in table.rows()] == [2, 6]
    (fault,) = table.faults
    assert (fault.line, "3 cells" in fault.message, table.is_whole) == (4, True, True)


@pytest.mark.parametrize("broken", ['M-2,"open', 'M-2,"a"b"', f'M-2,"{"x" * 20_000}'])
def test_where_a_quote_is_open_the_rest_is_not_guessed(tmp_path: Path, reader: Reader, broken: str) -> None:
    table = opened(tmp_path, reader, "\n".join([HEAD, GOOD, broken, *[GOOD] * 50]))
    assert [line.number for line in table.rows()] == [2]
    assert [fault.line for fault in table.faults] == [3]
    assert not table.is_whole


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column '卡号'"),
        (HEAD.replace("手机", "电话"), "no column '手机'"),
        (HEAD + ",卡号", "stands twice"),
        (HEAD + "\n\0", "zero bytes"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, reader: Reader, text: str, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        opened(tmp_path, reader, text)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=200), clean=st.booleans())
def test_whatever_the_bytes_every_row_is_read_or_named(
    tmp_path: Path, reader: Reader, junk: bytes, clean: bool
) -> None:
    path = tmp_path / "junk.csv"
    text = junk.decode("latin-1").encode() if clean else junk
    path.write_bytes((HEAD + "\n" + GOOD + "\n").encode() + text)
    try:
        table = open_table(path, reader.mapping.titles)
    except BadInputError:
        return
    rows = [reader.read(line) for line in table.rows()]
    assert isinstance(rows[0], dict)
    assert all(isinstance(row, dict | Fault) for row in rows)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("mapping.v1", "mapping.v2"), "mapping.v2"),
        (('member = "卡号"\n', ""), "member"),
        (('purpose = "offers"', 'purpose = "Offers"'), "purpose"),
        (('wording = "2026-1"\n', ""), "wording"),
        (('given_at_column = "同意日期"', 'given_at = "yesterday"'), "given_at"),
        (('source = "crm"', 'source = "crm"\nsource_column = "x"'), "source"),
        (("Asia/Shanghai", "Asia/Shanghi"), "timezone"),
        (("timezone", 'encoding = "gb"\ntimezone'), "encoding"),
        (("timezone", 'yes = ["0"]\ntimezone'), "yes"),
        (("[values.tier]", "[values.level]"), "values"),
        (('tier = "等级"', 'teir = "等级"'), "teir"),
    ],
)
def test_a_wrong_mapping_is_refused_by_field(tmp_path: Path, change: tuple[str, str], words: str) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(MAPPING.replace(*change), encoding="utf-8")
    with pytest.raises(BadInputError, match=words) as refused:
        load_mapping(path)
    assert "mapping.toml" in str(refused.value)
