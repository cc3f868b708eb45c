"""The command line: what JupyterHub and its charts write, and what is refused by its name."""

from pathlib import Path

import pytest
from shiva_jupyter_proxy.standalone.command_line import parse
from shiva_jupyter_proxy.standalone.options import Address, Options, Passing
from shiva_jupyter_proxy.standalone.targets import target

SECRET = {"CONFIGPROXY_AUTH_TOKEN": "secret"}


def options(line: str, **environ: str) -> Options:
    return parse(line.split(" ") if line else [], SECRET | environ)


def refusal(line: str, capsys: pytest.CaptureFixture[str], environ: dict[str, str] = SECRET) -> str:
    """Return what is said; it must be one line, and the status 2."""
    with pytest.raises(SystemExit) as ended:
        parse(line.split(), environ)
    assert ended.value.code == 2
    (said,) = capsys.readouterr().err.splitlines()
    return said


def test_what_the_hub_writes_is_understood() -> None:
    line = "--ip 127.0.0.1 --port 8123 --api-ip 127.0.0.1 --api-port 8124 --error-target http://127.0.0.1:8081/hub/error --log-level warn"
    read = options(line)
    assert read.public == Address(ip="127.0.0.1", port=8123)
    assert read.api == Address(ip="127.0.0.1", port=8124)
    assert read.error_target == target("http://127.0.0.1:8081/hub/error")
    assert (read.log_level, read.host_routing, read.tls, read.api_tls) == (30, False, None, None)
    assert read.passing == Passing()


def test_what_the_hub_writes_for_subdomains_tls_and_sockets_is_understood() -> None:
    line = "--socket /run/p.sock --api-socket /run/a.sock --host-routing --ssl-key k.pem --ssl-cert c.pem"
    inner = "--api-ssl-key ak --api-ssl-cert ac --api-ssl-ca aa --api-ssl-request-cert --api-ssl-reject-unauthorized"
    client = "--client-ssl-key ck --client-ssl-cert cc --client-ssl-ca ca --client-ssl-request-cert --client-ssl-reject-unauthorized"
    read = options(f"{line} {inner} {client}", CONFIGPROXY_SSL_KEY_PASSPHRASE="phrase")
    assert (read.public, read.api) == (Address(socket="/run/p.sock"), Address(socket="/run/a.sock"))
    assert read.host_routing
    assert read.tls is not None
    assert (read.tls.key, read.tls.cert, read.tls.password) == (Path("k.pem"), Path("c.pem"), "phrase")
    assert read.api_tls is not None
    assert (read.api_tls.ca, read.api_tls.request_cert, read.api_tls.reject_unauthorized) == (Path("aa"), True, True)
    assert read.client_tls is not None
    assert (read.client_tls.cert, read.client_ca) == (Path("cc"), Path("ca"))


def test_what_the_helm_chart_writes_is_understood() -> None:
    line = "--ip= --api-ip= --api-port=8001 --default-target=http://hub:8081 --error-target=http://hub:8081/hub/error --port=8443"
    read = options(f"{line} --redirect-port=8000 --redirect-to=443 --ssl-key=/k --ssl-cert=/c")
    assert (read.public, read.api) == (Address(port=8443), Address(port=8001))
    assert (read.default_target, read.redirect_port, read.redirect_to) == ("http://hub:8081", 8000, 443)


def test_without_flags_the_defaults_are_those_of_configurable_http_proxy() -> None:
    read = options("")
    assert (read.public, read.api, read.metrics) == (Address(port=8000), Address(ip="localhost", port=8001), None)
    assert (read.tls, read.client_tls, read.verify_targets, read.pid_file) == (None, None, True, None)


def test_the_api_listens_beside_the_public_port_and_a_free_port_has_no_neighbour() -> None:
    assert options("--port 9000").api.port == 9001
    assert options("--port 0").api.port == 0
    assert options("--ip *").public.ip == ""


def test_how_requests_pass_is_said_by_flags() -> None:
    flags = "--no-x-forward --no-prepend-path --no-include-prefix --change-origin --custom-header X-A:1 --custom-header x-b:"
    assert options(flags).passing == Passing(
        forwarded=False,
        prepend_path=False,
        include_prefix=False,
        change_origin=True,
        custom_headers=(("x-a", "1"), ("x-b", "")),
    )


def test_times_are_milliseconds() -> None:
    assert options("--keep-alive-timeout 250").idle_seconds == 0.25


def test_metrics_have_an_address_of_their_own() -> None:
    assert options("--metrics-ip 127.0.0.1 --metrics-port 9").metrics == Address(ip="127.0.0.1", port=9)
    assert options("--metrics-socket /m").metrics == Address(socket="/m")


@pytest.mark.parametrize(
    "flag",
    [
        "--ssl-protocol",
        "--ssl-allow-rc4",
        "--storage-backend",
        "--auto-rewrite",
        "--protocol-rewrite",
        "--timeout",
        "--proxy-timeout",
    ],
)
def test_a_flag_that_cannot_be_kept_is_refused_by_its_name(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"{flag} is not supported: " in refusal(flag, capsys)
    assert f"{flag} is not supported: " in refusal(f"{flag} x", capsys)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("--no-such-flag", "--no-such-flag"),
        ("--por 1", "--por"),
        ("--port x", "--port"),
        ("--port 65536", "--port"),
        ("--port -1", "--port"),
        ("--keep-alive-timeout 0", "--keep-alive-timeout"),
        ("--keep-alive-timeout 1s", "--keep-alive-timeout"),
        ("--log-level loud", "--log-level"),
        ("--default-target ftp://x", "--default-target"),
        ("--error-target http://", "--error-target"),
        ("--error-target http://a:1 --error-path /x", "--error-path"),
        ("--ssl-key k", "--ssl-cert"),
        ("--api-ssl-key k", "--api-ssl-cert"),
        ("--redirect-port 80", "--ssl-cert"),
        ("--custom-header nothing", "--custom-header"),
        ("--custom-header content-length:1", "--custom-header"),
        ("--custom-header a\rb:1", "--custom-header"),
    ],
)
def test_what_cannot_be_used_is_named(line: str, named: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert named in refusal(line, capsys)


@pytest.mark.parametrize("environ", [{}, {"CONFIGPROXY_AUTH_TOKEN": ""}, {"CONFIGPROXY_AUTH_TOKEN": " "}])
def test_without_a_secret_nothing_starts(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "CONFIGPROXY_AUTH_TOKEN" in refusal("--ip 127.0.0.1 --api-ip 127.0.0.1", capsys, environ)


def test_the_secret_is_in_no_representation() -> None:
    assert "s3cret" not in repr(parse([], {"CONFIGPROXY_AUTH_TOKEN": "s3cret"}))


def test_every_flag_of_configurable_http_proxy_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"], SECRET)
    helped = capsys.readouterr().out
    flags = (
        "ip port socket api-ip api-port api-socket metrics-ip metrics-port metrics-socket redirect-port redirect-to "
        "ssl-key ssl-cert ssl-ca ssl-request-cert ssl-reject-unauthorized ssl-ciphers ssl-dhparam "
        "api-ssl-key api-ssl-cert api-ssl-ca api-ssl-request-cert api-ssl-reject-unauthorized "
        "client-ssl-key client-ssl-cert client-ssl-ca client-ssl-request-cert client-ssl-reject-unauthorized "
        "default-target error-target error-path pid-file no-x-forward no-prepend-path no-include-prefix change-origin "
        "custom-header insecure host-routing log-level keep-alive-timeout"
    )
    assert [flag for flag in flags.split() if f"--{flag} " not in helped.replace("\n", " \n")] == []
