"""Codes, certificates, renewals and revocations: who gets one, who does not, and what hostile requests come to."""

from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from central.enrolment.authority import load_authority, make_authority, revoked_serials
from central.enrolment.enrolment import (
    CHECK_S,
    CODE_S,
    Enrolment,
    NoAuthorityError,
    NotProvedError,
    Settings,
    TooOldError,
    UsedUpError,
)
from central.enrolment.own import make_client_pair, make_server_pair, renew_pairs
from central.store.store import Store
from contract.errors import AtriumError, BadInputError
from tests.central.enrolment.desk import Desk
from tests.central.mall import NOON
from upkeep.certificates import (
    DAY_S,
    check_certificate,
    facts_of,
    is_key_of,
    make_key,
    parse_certificate,
    read_certificate,
    read_facts,
    signing_request,
)
from upkeep.enrolment_code import Code
from upkeep.pair import Pair


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(tmp_path, store)


def test_a_code_makes_the_key_a_certificate_of_the_name_that_the_code_was_made_for(desk: Desk) -> None:
    made, key = desk.enrol(desk.code(), name="mall/u/box-u")
    certificate = parse_certificate(made.pem.encode(), "made")
    facts = facts_of(certificate)
    assert facts.name == made.name == "mall/g/box-g", "whatever the request asks for"
    assert facts.not_after == NOON + 90 * DAY_S
    assert is_key_of(certificate, key)
    authority = desk.enrolment.authority().certificate
    check_certificate(certificate, authority, NOON)
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.ExtendedKeyUsageOID.CLIENT_AUTH], "a box's certificate makes no broker"
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_of_64_who_try_a_code_at_once_one_gets_a_certificate(desk: Desk) -> None:
    code = desk.code()

    def one(_number: int) -> str:
        try:
            return desk.enrol(code)[0].serial
        except UsedUpError:
            return ""

    with ThreadPoolExecutor(64) as pool:
        got = [serial for serial in pool.map(one, range(64)) if serial]
    assert len(got) == 1
    assert [one.serial for one in desk.enrolment.current()] == got


def test_whoever_lost_the_answer_asks_again_with_the_same_key_and_is_given_the_same(desk: Desk) -> None:
    code = desk.code()
    made, key = desk.enrol(code)
    desk.now += CODE_S + 60
    assert desk.enrol(code, key)[0] == made
    with pytest.raises(UsedUpError, match="used before"):
        desk.enrol(code)


def test_a_code_ends_after_a_quarter_of_an_hour_and_a_newer_one_makes_it_void(desk: Desk) -> None:
    code = desk.code()
    desk.now += CODE_S + 61
    with pytest.raises(TooOldError, match="expired 1 min 1 s ago"):
        desk.enrol(code)
    older, newer = desk.code(), desk.code()
    with pytest.raises(NotProvedError):
        desk.enrol(older)
    assert desk.enrol(newer)[0].box == "box-g"


def test_what_central_keeps_of_a_code_is_no_code(desk: Desk) -> None:
    code = desk.code()
    text = str(code).replace("-", "")
    with desk.store.database.writing() as connection:
        kept = "\n".join(connection.iterdump())
    assert code.public in kept
    for secret in (text, str(code), code.secret.hex(), text[:19]):
        assert secret not in kept
    with pytest.raises(NotProvedError):
        desk.enrol(Code(b"\0" * 12, code.fingerprint))
    thief = Code(bytes.fromhex(code.public)[:12], code.fingerprint)  # knows all that the database knows
    pem = signing_request(make_key(), "thief")
    with pytest.raises(NotProvedError):
        desk.enrolment.enrol(code.public, pem, thief.sign(b"anything"), desk.now)


def test_a_proof_is_for_one_request_alone(desk: Desk) -> None:
    code = desk.code()
    proof = code.sign(b"another request")
    with pytest.raises(NotProvedError):
        desk.enrolment.enrol(code.public, signing_request(make_key(), "x"), proof, desk.now)
    assert desk.enrol(code)[0].box == "box-g", "a wrong try uses nothing up"


def _rsa(bits: int) -> bytes:
    key = rsa.generate_private_key(65537, bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mall/g/box-g")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def _on(curve: ec.EllipticCurve) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mall/g/box-g")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(ec.generate_private_key(curve), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _edwards() -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(ed25519.Ed25519PrivateKey.generate(), None).public_bytes(serialization.Encoding.PEM)


def _with_another_key() -> bytes:
    """A request whose key was exchanged after it was signed."""
    first, second = make_key(), make_key()
    der = x509.load_pem_x509_csr(signing_request(first, "x")).public_bytes(serialization.Encoding.DER)
    point = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    forged = der.replace(first.public_key().public_bytes(*point), second.public_key().public_bytes(*point))
    assert forged != der
    return x509.load_der_x509_csr(forged).public_bytes(serialization.Encoding.PEM)


RSA_512 = b""""""
"""Made with openssl; our own library makes none so short."""

HOSTILE: dict[str, Callable[[], bytes]] = {
    "garbage": lambda: b"\x00\xff" * 200,
    "empty": lambda: b"",
    "oversize": lambda: signing_request(make_key(), "x") + b"#" * 4096,
    "a certificate": lambda: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "cut short": lambda: signing_request(make_key(), "x")[:200] + b"\n-----END CERTIFICATE REQUEST-----\n",
    "RSA 512": lambda: RSA_512,
    "RSA 2048": lambda: _rsa(2048),
    "P-384": lambda: _on(ec.SECP384R1()),
    "Ed25519": _edwards,
    "signed by another key": _with_another_key,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_requests_are_refused_and_use_no_code_up(desk: Desk, what: str) -> None:
    code, pem = desk.code(), HOSTILE[what]()
    with pytest.raises(BadInputError, match="request:"):
        desk.enrolment.enrol(code.public, pem, code.sign(pem), desk.now)
    assert desk.enrol(code)[0].box == "box-g"


def test_a_key_that_has_a_certificate_gets_no_other(desk: Desk) -> None:
    _, key = desk.enrol(desk.code())
    with pytest.raises(BadInputError, match="new one needs a new key"):
        desk.enrol(desk.code("box-h"), key)


def test_the_key_before_earns_the_next_certificate_once(desk: Desk) -> None:
    first, old = desk.enrol(desk.code())
    desk.now += 61 * DAY_S
    second, key = desk.renew(first.serial, old)
    assert (second.name, second.not_after) == (first.name, desk.now + 90 * DAY_S)
    assert desk.renew(first.serial, old, key)[0] == second, "the same request again: its answer was lost"
    with pytest.raises(UsedUpError, match="renewed before"):
        desk.renew(first.serial, old)  # a thief of the old key
    third, _ = desk.renew(second.serial, key)
    assert third.earned_by == second.serial
    assert revoked_serials(desk.settings.crl.read_bytes()) == frozenset(), "the one before stays good until it ends"


def test_a_renewal_needs_the_key_of_a_certificate_that_is_good(desk: Desk) -> None:
    first, old = desk.enrol(desk.code())
    stranger = make_key()
    for serial, key in ((first.serial, stranger), ("00", old), ("zz", old), ("", old)):
        with pytest.raises(NotProvedError):
            desk.renew(serial, key)
    with pytest.raises(BadInputError, match="new key"):
        desk.renew(first.serial, old, old)
    desk.now = first.not_after + 7200
    with pytest.raises(TooOldError, match="expired 2 h ago"):
        desk.renew(first.serial, old)


def test_a_revoked_box_is_on_the_list_gets_nothing_and_comes_back_only_by_a_new_code(desk: Desk) -> None:
    first, old = desk.enrol(desk.code())
    other, _ = desk.enrol(desk.code("box-h"))
    waiting = desk.code()
    assert desk.enrolment.revoke("box-g", desk.now) == 1
    assert revoked_serials(desk.settings.crl.read_bytes()) == {first.serial}
    assert [one.state(desk.now) for one in desk.enrolment.current()] == ["revoked", "good"]
    for call in (lambda: desk.renew(first.serial, old), lambda: desk.enrol(waiting)):
        with pytest.raises(NotProvedError):
            call()
    with pytest.raises(BadInputError, match="no certificate that could be revoked"):
        desk.enrolment.revoke("box-g", desk.now)
    back, _ = desk.enrol(desk.code())
    assert revoked_serials(desk.settings.crl.read_bytes()) == {first.serial}
    assert {one.serial for one in desk.enrolment.current()} == {back.serial, other.serial}


def test_a_box_that_is_enrolled_again_has_its_older_certificates_revoked(desk: Desk) -> None:
    first, _ = desk.enrol(desk.code())
    second, _ = desk.enrol(desk.code())
    assert revoked_serials(desk.settings.crl.read_bytes()) == {first.serial}
    assert [one.serial for one in desk.enrolment.current()] == [second.serial]


@pytest.mark.parametrize("damage", ["gone", "damaged", "of before"])
def test_a_list_that_misses_a_revocation_is_written_again(desk: Desk, damage: str) -> None:
    first, _ = desk.enrol(desk.code())
    before = desk.settings.crl.read_bytes()
    desk.enrolment.revoke("box-g", desk.now)
    if damage == "gone":
        desk.settings.crl.unlink()
    else:
        desk.settings.crl.write_bytes(b"?" if damage == "damaged" else before)
    desk.enrolment.update(desk.now + CHECK_S)
    assert revoked_serials(desk.settings.crl.read_bytes()) == {first.serial}


def test_expired_certificates_leave_the_list(desk: Desk) -> None:
    first, _ = desk.enrol(desk.code())
    desk.enrolment.revoke("box-g", desk.now)
    desk.enrolment.write_revocations(first.not_after + 1)
    assert revoked_serials(desk.settings.crl.read_bytes()) == frozenset()


def test_the_authoritys_key_is_private_and_encrypted_where_there_is_a_passphrase(store: Store, tmp_path: Path) -> None:
    desk = Desk(tmp_path, store, passphrase=b"correct horse")
    key = desk.settings.folder / "ca.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(desk.settings.folder.stat().st_mode) == 0o700
    assert b"ENCRYPTED" in key.read_bytes()
    assert desk.enrol(desk.code())[0].box == "box-g"
    for wrong, words in ((b"", "passphrase is needed"), (b"wrong", "passphrase is wrong")):
        with pytest.raises(BadInputError, match=words):
            Enrolment(store, Settings(desk.settings.folder, wrong, desk.settings.crl), ("g",))
    with pytest.raises(BadInputError, match="there is an authority already"):
        make_authority(desk.settings.folder, "mall", b"", NOON)
    key.write_bytes((Desk(tmp_path / "other", store).settings.folder / "ca.key").read_bytes())
    with pytest.raises(BadInputError, match=r"not the key of ca\.pem"):
        load_authority(desk.settings.folder, b"")


def test_without_an_authority_it_is_said_what_to_do(store: Store, tmp_path: Path) -> None:
    enrolment = Enrolment(store, Settings(tmp_path / "ca", b"", tmp_path / "ca" / "crl.pem"), ("g",))
    enrolment.update(NOON)
    with pytest.raises(NoAuthorityError, match="atrium central ca init"):
        enrolment.new_code("g", "box-g", "rita", NOON)
    make_authority(tmp_path / "ca", "mall", b"", NOON)
    assert enrolment.new_code("g", "box-g", "rita", NOON), "no restart is needed"


@pytest.mark.parametrize(
    ("floor", "box", "words"),
    [("attic", "box-g", "no floor 'attic'; there are g, u"), ("g", "box/g", "is no id"), ("g", "b" * 60, "shorten")],
)
def test_a_code_is_for_a_floor_of_the_site_and_a_name_that_a_certificate_holds(
    desk: Desk, floor: str, box: str, words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        desk.enrolment.new_code(floor, box, "rita", desk.now)


def test_the_brokers_own_pair_is_made_anew_when_it_is_due_or_its_names_change(desk: Desk, tmp_path: Path) -> None:
    pair = Pair(tmp_path / "tls", "broker")

    def make(*hosts: str) -> bool:
        return make_server_pair(desk.enrolment, pair, hosts, desk.now, if_due=True) is not None

    assert make("central.mall.example", "10.1.0.5")
    assert not make("central.mall.example", "10.1.0.5")
    assert make("central.mall.example", "10.1.0.6")
    desk.now += 61 * DAY_S
    assert make("central.mall.example", "10.1.0.6")
    client = Pair(tmp_path / "tls", "central")
    with pytest.raises(BadInputError, match="a box gets its own by a code"):
        make_client_pair(desk.enrolment, client, "mall/g/box-g", desk.now, if_due=False)
    with pytest.raises(BadInputError, match="say what clients reach the server by"):
        make()


def test_what_central_made_for_itself_is_renewed_for_the_same_names_when_it_is_due(desk: Desk) -> None:
    tls, box = desk.broker_tls(), desk.box()
    before = {name: read_facts(tls / f"{name}.pem") for name in ("broker", "central")}
    assert renew_pairs(desk.enrolment, tls, desk.now) == []
    desk.now += 61 * DAY_S
    assert {one.name for one in renew_pairs(desk.enrolment, tls, desk.now)} == {"central", "localhost"}
    for name, old in before.items():
        fresh = read_facts(tls / f"{name}.pem")
        assert (fresh.name, fresh.serial != old.serial) == (old.name, True)
    names = read_certificate(tls / "broker.pem").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one.value) for one in names] == ["localhost", "127.0.0.1"]
    assert renew_pairs(desk.enrolment, tls, desk.now) == []
    assert renew_pairs(desk.enrolment, box, desk.now) == [], "a box renews its own"


def test_a_certificate_that_is_not_yet_or_no_longer_valid_says_by_how_much(desk: Desk) -> None:
    made, _ = desk.enrol(desk.code())
    certificate, authority = parse_certificate(made.pem.encode(), "made"), desk.enrolment.authority().certificate
    for now, words in (
        (NOON - 300 - 12_000, "valid only in 3 h 20 min by this clock"),
        (made.not_after + 90_000, "expired 1 d 1 h ago by this clock"),
    ):
        with pytest.raises(AtriumError, match=words):
            check_certificate(certificate, authority, now)
