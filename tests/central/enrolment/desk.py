"""A site with an authority, boxes that ask it, and a clock of the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from central.enrolment.authority import make_authority
from central.enrolment.enrolment import Enrolment, Settings
from central.enrolment.own import make_client_pair, make_server_pair, put_authority
from central.store.enrolment import Identity
from central.store.store import Store
from tests.central.mall import NOON
from upkeep.certificates import make_key, parse_certificate, requested_key, signing_request
from upkeep.enrolment_code import Code, sign_renewal
from upkeep.pair import Pair


@dataclass
class Desk:
    """Central's side, and what a box sends."""

    folder: Path
    store: Store
    now: float = NOON
    passphrase: bytes = b""
    enrolment: Enrolment = field(init=False)

    def __post_init__(self) -> None:
        self.settings = Settings(self.folder / "ca", self.passphrase, self.folder / "ca" / "crl.pem")
        make_authority(self.settings.folder, "mall", self.passphrase, self.now)
        self.enrolment = Enrolment(self.store, self.settings, ("g", "u"))

    def code(self, box: str = "box-g", floor: str = "g") -> Code:
        return self.enrolment.new_code(floor, box, "rita", self.now)

    def enrol(
        self, code: Code, key: ec.EllipticCurvePrivateKey | None = None, name: str = "mall/g/box-g"
    ) -> tuple[Identity, ec.EllipticCurvePrivateKey]:
        key = key or make_key()
        pem = signing_request(key, name)
        return self.enrolment.enrol(code.public, pem, code.sign(requested_key(pem, 2048)[1]), self.now), key

    def renew(
        self, serial: str, old: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey | None = None
    ) -> tuple[Identity, ec.EllipticCurvePrivateKey]:
        key = key or make_key()
        pem = signing_request(key, "whoever")
        return self.enrolment.renew(serial, pem, sign_renewal(old, requested_key(pem, 2048)[1]), self.now), key

    def box(self, box: str = "box-g", floor: str = "g") -> Path:
        """A folder with an enrolled box's three files."""
        made, key = self.enrol(self.code(box, floor))
        tls = self.folder / f"tls-{box}"
        Pair(tls, "box").put(parse_certificate(made.pem.encode(), "made"), key)
        put_authority(self.enrolment, tls)
        return tls

    def broker_tls(self) -> Path:
        """A folder with the pairs of broker and central."""
        tls = self.folder / "tls"
        make_server_pair(self.enrolment, Pair(tls, "broker"), ["localhost", "127.0.0.1"], self.now, if_due=True)
        make_client_pair(self.enrolment, Pair(tls, "central"), "central", self.now, if_due=True)
        put_authority(self.enrolment, tls)
        return tls
