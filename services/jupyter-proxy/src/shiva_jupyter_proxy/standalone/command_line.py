"""The command line, as JupyterHub writes it for configurable-http-proxy."""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from shiva_jupyter_proxy.domain.headers import HOP_BY_HOP
from shiva_jupyter_proxy.standalone.options import Address, Options, Passing, Tls
from shiva_jupyter_proxy.standalone.targets import target

TOKEN = "CONFIGPROXY_AUTH_TOKEN"  # noqa: S105 - the variable's name
MAX_PORT = 65535
LEVELS = {"debug": 10, "info": 20, "warn": 30, "error": 40}
CUSTOM_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x20-\x7e\t]*)")
FRAMING = HOP_BY_HOP | {"content-length", "host"}
REFUSED = {  # what would be ignored otherwise, and must not be
    "--ssl-protocol": "TLS 1.2 and newer are spoken, nothing else",
    "--ssl-allow-rc4": "RC4 is not safe",
    "--storage-backend": "routes are kept in memory, and the Hub sends them again",
    "--timeout": "a client that stalls is dropped in any case, and one that waits is not",
    "--proxy-timeout": "a server may take as long as it needs, and people who leave end what they asked for",
    "--auto-rewrite": "answers are not rewritten; let the server behind believe X-Forwarded-Host",
    "--protocol-rewrite": "answers are not rewritten; let the server behind believe X-Forwarded-Proto",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one sentence."""
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(2)


class _Refuse(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, _n: Any, _v: Any, option: str | None = None) -> NoReturn:
        parser.error(f"{option} is not supported: {REFUSED[str(option)]}.")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port")
    return int(text)


def _seconds(text: str) -> float:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of milliseconds")
    return int(text) / 1000


def _target(text: str) -> str:
    try:
        target(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error
    return text


def _header(text: str) -> tuple[str, str]:
    found = CUSTOM_HEADER.fullmatch(text)
    if found is None or found[1].lower() in FRAMING:
        raise argparse.ArgumentTypeError(f"{text!r} is no header of the form NAME:VALUE that may be added")
    return found[1].lower(), found[2]


def _add_addresses(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--ip", default="", help="public address; empty or * for all")
    parser.add_argument("--port", type=_port, default=8000, help="public port; 0: any free one")
    parser.add_argument("--socket", default="", help="public Unix socket, instead of ip and port")
    parser.add_argument("--api-ip", default="localhost", help="address of the REST API")
    parser.add_argument("--api-port", type=_port, help="port of the REST API; default: the public port + 1")
    parser.add_argument("--api-socket", default="", help="Unix socket of the REST API")
    parser.add_argument("--metrics-ip", default="", help="address of Prometheus metrics")
    parser.add_argument("--metrics-port", type=_port, help="port of Prometheus metrics; default: none are served")
    parser.add_argument("--metrics-socket", default="", help="Unix socket of Prometheus metrics")
    parser.add_argument("--redirect-port", type=_port, help="answer plain HTTP here with a redirect to HTTPS")
    parser.add_argument("--redirect-to", type=_port, help="the port that it leads to; default: the public one")


def _add_tls(parser: argparse.ArgumentParser) -> None:
    for side, what in (("", "public side"), ("api-", "REST API"), ("client-", "side of the servers behind")):
        for part in ("key", "cert", "ca"):
            parser.add_argument(f"--{side}ssl-{part}", type=Path, help=f"PEM file for the {what}")
        parser.add_argument(f"--{side}ssl-request-cert", action="store_true", help="ask for a certificate")
        parser.add_argument(f"--{side}ssl-reject-unauthorized", action="store_true", help="and insist on it")
    parser.add_argument("--ssl-ciphers", help="OpenSSL's list, for the public side and the REST API")
    parser.add_argument("--ssl-dhparam", type=Path, help="Diffie-Hellman parameters, for both of them")
    parser.add_argument("--insecure", action="store_true", help="do not verify the certificates of servers behind")


def _add_passing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--default-target", type=_target, help="where what has no route goes")
    parser.add_argument("--error-target", type=_target, help="server of error pages: /404?url=…, /503?url=…")
    parser.add_argument("--error-path", type=Path, help="folder with 404.html, 503.html, error.html")
    parser.add_argument("--host-routing", action="store_true", help="the first segment of a route is a host")
    parser.add_argument("--no-x-forward", action="store_true", help="do not say X-Forwarded-…")
    parser.add_argument("--no-prepend-path", action="store_true", help="leave the path of targets out")
    parser.add_argument("--no-include-prefix", action="store_true", help="take the route's prefix off")
    parser.add_argument("--change-origin", action="store_true", help="Host is the target's")
    parser.add_argument("--custom-header", type=_header, action="append", default=[], help="NAME:VALUE, added")
    parser.add_argument("--keep-alive-timeout", type=_seconds, default=75.0, help="milliseconds between two requests")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="shiva-jupyter-proxy --standalone",
        allow_abbrev=False,
        description=f"A proxy for JupyterHub with configurable-http-proxy's flags and API; {TOKEN} opens the API.",
    )
    parser.add_argument("-V", "--version", action="version", version=version("shiva-jupyter-proxy"))
    parser.add_argument("--standalone", action="store_true", help=argparse.SUPPRESS)
    _add_addresses(parser)
    _add_tls(parser)
    _add_passing(parser)
    parser.add_argument("--pid-file", type=Path, help="write our process id here")
    parser.add_argument("--log-level", choices=LEVELS, default="info", help="debug, info, warn or error")
    for flag in REFUSED:
        parser.add_argument(flag, nargs="?", action=_Refuse, help=argparse.SUPPRESS)
    return parser


def _address(ip: str, port: int, socket: str) -> Address:
    return Address(socket=socket) if socket else Address(ip="" if ip == "*" else ip, port=port)


def _tls(given: argparse.Namespace, side: str, password: str = "") -> Tls | None:
    """Return the TLS of a side; None when it has no certificate."""

    def part(name: str) -> Any:
        return getattr(given, f"{side}ssl_{name}")

    if part("cert") is None:
        return None
    return Tls(
        cert=part("cert"),
        key=part("key"),
        ca=part("ca"),
        password=password,
        request_cert=part("request_cert"),
        reject_unauthorized=part("reject_unauthorized"),
        ciphers=given.ssl_ciphers,
        dhparam=given.ssl_dhparam,
    )


def parse(arguments: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Return the options; exit with status 2 and a sentence when they cannot be used."""
    parser = _parser()
    given = parser.parse_args(arguments)
    token = environ.get(TOKEN, "")
    if not token.strip():
        parser.error(f"{TOKEN} must hold the secret that opens the REST API; without it anybody could move routes.")
    for side in ("", "api_", "client_"):
        if getattr(given, f"{side}ssl_key") and not getattr(given, f"{side}ssl_cert"):
            flag = f"--{side}ssl-".replace("_", "-")
            parser.error(f"{flag}key needs {flag}cert.")
    if given.error_target and given.error_path:
        parser.error("--error-target and --error-path exclude each other.")
    if given.redirect_port is not None and not given.ssl_cert:
        parser.error("--redirect-port leads to HTTPS, so it needs --ssl-cert and --ssl-key.")
    api_port = given.api_port if given.api_port is not None else given.port and given.port + 1
    metrics = given.metrics_port is not None or given.metrics_socket
    return Options(
        auth_token=token,
        public=_address(given.ip, given.port, given.socket),
        api=_address(given.api_ip, api_port, given.api_socket),
        metrics=_address(given.metrics_ip, given.metrics_port or 0, given.metrics_socket) if metrics else None,
        tls=_tls(given, "", environ.get("CONFIGPROXY_SSL_KEY_PASSPHRASE", "")),
        api_tls=_tls(given, "api_", environ.get("CONFIGPROXY_API_SSL_KEY_PASSPHRASE", "")),
        client_tls=_tls(given, "client_"),
        client_ca=given.client_ssl_ca,
        verify_targets=not given.insecure,
        default_target=given.default_target,
        error_target=target(given.error_target) if given.error_target else None,
        error_path=given.error_path,
        redirect_port=given.redirect_port,
        redirect_to=given.redirect_to if given.redirect_to is not None else given.port,
        pid_file=given.pid_file,
        host_routing=given.host_routing,
        idle_seconds=given.keep_alive_timeout,
        log_level=LEVELS[given.log_level],
        passing=Passing(
            forwarded=not given.no_x_forward,
            prepend_path=not given.no_prepend_path,
            include_prefix=not given.no_include_prefix,
            change_origin=given.change_origin,
            custom_headers=tuple(given.custom_header),
        ),
    )
