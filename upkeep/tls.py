"""TLS as a client of the site's own authority; without what reads certificates, which a box needs only now and then."""

from __future__ import annotations

import ssl
from pathlib import Path

from contract.errors import BadInputError


def client_context(ca: Path, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """TLS 1.2 or newer as a client that trusts ``ca`` alone, and shows its certificate where it has one.

    Raises:
        BadInputError: naming the file that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(ca)
    except (OSError, ssl.SSLError) as error:
        raise BadInputError(f"{ca}: no CA certificate to be read ({_said(error)}); put the site's there") from None
    if certificate is not None:
        show_certificate(context, certificate, key)
    return context


def show_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    """Let the context show this certificate from its next connection on.

    Raises:
        BadInputError: naming the file that cannot be used.
    """
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise BadInputError(
            f"{certificate}: cannot be used with the key {key} ({_said(error)}); enrol again: atrium box enroll"
        ) from None


def _said(error: OSError) -> str:
    return str(getattr(error, "reason", "") or error.strerror or error).lower().replace("_", " ")
