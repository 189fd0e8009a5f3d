"""How long certificates are good for, whether they belong to their keys, and who signed them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from upkeep.findings import Finding, Level

DAY_S = 86_400.0
RENEWED_SHARE = 1 / 3
"""A certificate is renewed once a third of its life is left; one well below that was not."""
LATE_SHARE = 0.8
"""Of that third: a day or two without central are no fault."""
OF_A_BOX = "Run: atrium box renew /etc/atrium/box.toml --force; where that is refused, enroll the box again."
OF_CENTRAL = "Run: systemctl start atrium-renew-central; then journalctl -u atrium-renew-central -n 50."
OF_THE_SITE = "Make a new authority for the site and enroll its boxes again, before it ends."
AUTHORITY_LATE_DAYS = 180.0
"""Twice the life of a certificate that it signs."""


def certificate_life(path: Path, now: float, mend: str, late_days: float | None = None) -> list[Finding]:
    """How long the first certificate of a file is good for.

    Args:
        path: a PEM file.
        now: seconds since 1970.
        mend: where it has ended or should have been renewed.
        late_days: fewer left are a warning; where left out, a good quarter of its life.
    """
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        said = f"cannot be read ({error.strerror})"
        return [_of(path, "fault", said, "Correct the path in the configuration, or make the certificate anew.")]
    except ValueError:
        return [_of(path, "fault", "holds no certificate (PEM)", "Make the certificate anew; the file is damaged.")]
    begins, ends = found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()
    days = (ends - now) / DAY_S
    until = datetime.fromtimestamp(ends, UTC).date().isoformat()
    figures = {"days_left": round(days, 1)}
    if now < begins:
        said = f"is good only in {(begins - now) / 3600:.1f} h from now: this clock is behind, or the signer's ahead"
        return [_of(path, "fault", said, "Set the clock (see clock-offset) before anything else.", figures)]
    if days < 0:
        return [
            _of(path, "fault", f"expired on {until}, {-days:.0f} days ago: nobody lets us in with it", mend, figures)
        ]
    if days < (RENEWED_SHARE * LATE_SHARE * (ends - begins) / DAY_S if late_days is None else late_days):
        return [
            _of(path, "warning", f"ends on {until}, in {days:.0f} days, and should be renewed by now", mend, figures)
        ]
    return [_of(path, "fine", f"good until {until}, {days:.0f} days", "", figures)]


def certificate_belongs(certificate: Path, key: Path, ca: Path | None) -> list[Finding]:
    """Whether a certificate is that of its key, and signed by the authority that we trust.

    Args:
        certificate: a PEM file.
        key: of its private key; never told.
        ca: the authority's certificate; None where there is none to compare with.
    """
    check = "certificate-chain"
    mend = "Enroll the box again with a new code from the Ops page; key, certificate and authority come together."
    try:
        ours = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        theirs = x509.load_pem_x509_certificates(ca.read_bytes()) if ca is not None else []
    except OSError as error:
        said = f"{error.filename}: cannot be read ({error.strerror})"
        return [Finding(check=check, subject=str(certificate), level="fault", said=said, mend=mend)]
    except (ValueError, TypeError, UnsupportedAlgorithm):
        said = "certificate, key or authority cannot be read as PEM"
        return [Finding(check=check, subject=str(certificate), level="fault", said=said, mend=mend)]
    spki = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if ours.public_key().public_bytes(*spki) != private.public_key().public_bytes(*spki):
        said = f"the key {key} is not this certificate's"
        return [Finding(check=check, subject=str(certificate), level="fault", said=said, mend=mend)]
    if theirs and not any(_signed(ours, one) for one in theirs):
        said = f"was not signed by the authority in {ca}"
        return [Finding(check=check, subject=str(certificate), level="fault", said=said, mend=mend)]
    by = "" if ca is None else f" and signed by the authority in {ca}"
    return [Finding(check=check, subject=str(certificate), level="fine", said=f"is its key's own{by}")]


def _signed(ours: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        ours.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _of(path: Path, level: Level, said: str, mend: str, figures: dict[str, float] | None = None) -> Finding:
    return Finding(
        check="certificate-life", subject=str(path), level=level, said=said, mend=mend, figures=figures or {}
    )
