"""TLS of the three sides: people, the REST API, the servers behind."""

import ssl
from pathlib import Path

from shiva_jupyter_proxy.adapters.certificate import Certificate
from shiva_jupyter_proxy.standalone.options import Tls


def listening(tls: Tls) -> Certificate:
    """Return the certificate and context of a server; OSError (ssl.SSLError is one) when a file cannot be used."""
    certificate = Certificate(tls.cert, tls.key or tls.cert, tls.password)
    context = certificate.context
    if tls.ciphers:
        context.set_ciphers(tls.ciphers)
    if tls.dhparam is not None:
        context.load_dh_params(str(tls.dhparam))
    if tls.ca is not None:
        context.load_verify_locations(tls.ca)
    if tls.request_cert:
        context.verify_mode = ssl.CERT_REQUIRED if tls.reject_unauthorized else ssl.CERT_OPTIONAL
    return certificate


def calling(tls: Tls | None, ca: Path | None, *, verify: bool) -> ssl.SSLContext:
    """Return the context in which servers behind are called."""
    context = ssl.create_default_context(cafile=ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls is not None:
        context.load_cert_chain(tls.cert, tls.key, tls.password)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
