"""A host's file is refused with the field and the mend before anything of it is rendered."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import BadInputError
from firmware_configs.addresses import check_name, parse_networks
from firmware_configs.appliance import load_host
from firmware_configs.hardware import hardware_names
from tests.firmware_configs.hosts import write_box, write_central

WRONG = [
    ('hardware = "n100"', 'hardware = "n101"', "appliance.hardware: no profile 'n101'; use one of generic-x86-64"),
    ('hostname = "box-g"', 'hostname = "box\\nroot"', "appliance.hostname"),
    ('hostname = "box-g"', 'hostname = "box.g"', "appliance.hostname"),
    ('interface = "uplink"', 'interface = "en p1"', "appliance.uplink.interface"),
    ('interface = "uplink"', 'interface = "uplink\\n[Network]"', "appliance.uplink.interface"),
    ('interface = "uplink"', 'interface = "sixteen-letters0"', "appliance.uplink.interface"),
    ('interface = "cameras"', 'interface = "uplink"', "appliance.cameras.interface: 'uplink' is the uplink"),
    ('"10.2.0.1/24"', '"10.2.0.1/24"\nvlan = 4095', "vlan"),
    ('interface = "cameras"', 'interface = "thirteen-lettr"\nvlan = 20', "interface with vlan: 'thirteen-lettr.20"),
    ('"10.1.0.12/24"', '"10.1.0.12"', "appliance.uplink.address: '10.1.0.12' is no address with prefix"),
    ('"10.1.0.12/24"', '"10.1.0.12/33"', "appliance.uplink.address"),
    ('"10.1.0.12/24"', '"10.1.0.0/24"', "the network's own address"),
    ('"10.1.0.12/24"', '"10.1.0.255/24"', "the network's own address"),
    ('"10.1.0.12/24"', '"10.1.0.12/31"', "leaves no neighbours"),
    ('"10.1.0.12/24"', '"dhcp"', "appliance.uplink.gateway: comes from DHCP"),
    ('gateway = "10.1.0.1"', 'gateway = "10.9.0.1"', "is no neighbour in 10.1.0.0/24"),
    ('gateway = "10.1.0.1"', 'gateway = "10.1.0.12"', "is no neighbour"),
    ('"10.2.0.1/24"', '"10.1.0.129/25"', "10.1.0.128/25 overlaps the uplink's 10.1.0.0/24"),
    ('"10.2.0.1/24"', '"10.3.0.1/24"', "10.2.0.21 is outside the cameras' network 10.3.0.0/24"),
    ('"10.1.9.0/24"', '"10.1.9.1/24"', "appliance.admin.ssh_from: '10.1.9.1/24' is no IPv4 network; clear the bits"),
    ('"10.1.9.0/24"', '"anybody"', "appliance.admin.ssh_from"),
    ('broker = "central.mall.example"', 'broker = "other.mall.example"', "nothing says the address of 'other.mall"),
    ('["central.mall.example"]', '["time.mall.example"]', "appliance.time_servers: nothing says the address"),
    ('["central.mall.example"]', "[]", "time_servers"),
    ('= "10.1.0.5"', '= "10.1.0.5\\n0.0.0.0 elsewhere"', "appliance.hosts 'central.mall.example'"),
    ('"https://central.mall.example"', '"ftp://central.mall.example"', "appliance.mall.central: has the scheme 'ftp'"),
    ('username = "edge"', 'username = "edge:$7$"', "mqtt.username"),
    ('username = "edge"', 'username = "edge\\nuser central"', "mqtt.username"),
    ('id = "box-g"', 'id = "box/g"', "id 'box/g' is no id"),
    ("[appliance.cameras]", "[appliance.camera]", "camera"),
    ("[appliance.mall]", "[appliance.serve]", "broker"),
    ("10.2.0.21:8554", "camera.example:8554", "nothing says the address of 'camera.example'"),
    ("atrium.box.v1", "atrium.box.v9", "schema is 'atrium.box.v9'"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[f"{new[:40]!r}" for _, new, _ in WRONG])
def test_what_is_wrong_is_named_with_its_field(old: str, new: str, said: str, tmp_path: Path) -> None:
    path = write_box(tmp_path, (old, new))
    with pytest.raises(BadInputError) as error:
        load_host(path)
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)
    assert "secret" not in str(error.value), "a camera's password is not repeated"


def test_an_unknown_profile_is_answered_with_all_known(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=", ".join(hardware_names())):
        load_host(write_box(tmp_path, ('"n100"', '"pc"')))


def test_a_file_without_the_table_is_told_where_to_look(tmp_path: Path) -> None:
    path = write_box(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").partition("[appliance]")[0], encoding="utf-8")
    with pytest.raises(BadInputError, match=r"no \[appliance\]; add the table"):
        load_host(path)


def test_central_on_whichever_port_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"http\.port: 0 takes whichever is free"):
        load_host(write_central(tmp_path, ("[mqtt]", "[http]\nport = 0\n\n[mqtt]")))


@pytest.mark.parametrize("table", ["mall", "cameras"])
def test_central_has_no_tables_of_a_box(table: str, tmp_path: Path) -> None:
    extra = {
        "mall": '[appliance.mall]\nbroker = "10.1.0.5"\n',
        "cameras": '[appliance.cameras]\ninterface = "c"\naddress = "10.2.0.1/24"\n',
    }[table]
    path = write_central(tmp_path, ("[appliance.serve]", extra + "[appliance.serve]"))
    with pytest.raises(BadInputError, match=f"appliance.{table}: is for boxes"):
        load_host(path)


def test_central_by_dhcp_has_to_say_whom_it_serves(tmp_path: Path) -> None:
    fixed = ('address = "10.1.0.5/24"\ngateway = "10.1.0.1"\n', "")
    with pytest.raises(BadInputError, match=r"appliance\.serve: say boxes and pages"):
        load_host(write_central(tmp_path, fixed))
    host = load_host(
        write_central(tmp_path, fixed, ("[appliance.serve]", '[appliance.serve]\nboxes = ["10.1.0.0/24"]'))
    )
    assert host.uplink is None
    assert [str(one) for one in host.boxes] == ["10.1.0.0/24"]


def test_a_box_that_speaks_to_the_malls_broker_itself_needs_no_broker(tmp_path: Path) -> None:
    host = load_host(write_box(tmp_path, ('host = "127.0.0.1"', 'host = "central.mall.example"')))
    assert not host.bridge


def test_the_ports_of_cameras_are_those_of_their_addresses(tmp_path: Path) -> None:
    assert load_host(write_box(tmp_path)).camera_ports == (80, 443, 554, 8554)


def test_networks_inside_others_are_left_out() -> None:
    found = parse_networks(["10.1.0.0/16", "10.1.9.0/24", "10.3.0.0/24", "10.3.0.0/24"], "x")
    assert [str(one) for one in found] == ["10.1.0.0/16", "10.3.0.0/24"]


@given(st.text())
def test_no_name_can_start_a_line_or_a_rule(text: str) -> None:
    try:
        check_name(text, "field")
    except BadInputError:
        return
    assert text.isascii()
    assert not set(text) & set("\n\r\t ;{}[]\"'$#:/\\\0")


def test_central_may_call_its_webhooks(tmp_path: Path) -> None:
    hook = '[[webhooks]]\nname = "crm"\nurl = "https://crm.example:8443/x"\nsecret_file = "s"\n\n[mqtt]'
    assert load_host(write_central(tmp_path, ("[mqtt]", hook))).webhook_ports == (80, 443, 8443)
