"""The firewall's rules follow from the configuration; what cannot be meant is refused with a sentence, and nothing is written."""

import json
import re
import shutil
import subprocess
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from deploy.firewall.__main__ import main
from deploy.firewall.config import ConfigError, Firewall, read
from deploy.firewall.rules import render
from tests.require import require

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy/firewall/example.json"
LEAST = {"door": ["10.0.0.2"], "resolvers": ["10.0.0.53"]}
SIX = {"ipv6": True, "door": ["10.0.0.2", "fd00::2"], "resolvers": ["fd00::53"], "allowed": ["[fd00::8]:443"]}


def given(**changes: object) -> Firewall:
    return read(json.dumps(LEAST | changes))


def chain(rules: str, name: str) -> list[str]:
    """Return the rules of a chain, stripped."""
    found = re.search(rf"chain {name} {{\n(.*?)\n\t}}", rules, re.DOTALL)
    assert found is not None
    return [line.strip() for line in found[1].splitlines()]


def elements(rules: str, name: str) -> list[str]:
    """Return the elements of a set."""
    found = re.search(rf"set {name} {{.*?elements = {{ (.*?) }}", rules)
    return found[1].split(", ") if found else []


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "172.17.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "127.0.0.1", "0.0.0.0", "224.0.0.1"],
)  # fmt: skip
def test_what_is_near_is_closed_without_being_named(address: str) -> None:
    closed = [ip_network(each) for each in elements(render(given()), "closed4")]
    assert any(ip_address(address) in each for each in closed)
    assert not any(ip_address("198.51.100.7") in each for each in closed)


def test_control_networks_are_closed_and_merged_with_what_is_near() -> None:
    closed = elements(render(given(control=["198.51.100.0/25", "198.51.100.128/25", "10.9.0.0/16"])), "closed4")
    assert "198.51.100.0/24" in closed
    assert "10.9.0.0/16" not in closed


def test_name_servers_and_what_is_allowed_come_before_what_is_closed() -> None:
    rules = render(given(allowed=["10.0.0.80:3142", "10.0.0.2:443"]))
    assert chain(rules, "open") == [
        "ip daddr @resolvers4 meta l4proto { tcp, udp } th dport 53 accept",
        "ip daddr 10.0.0.2/32 tcp dport 443 accept",
        "ip daddr 10.0.0.80/32 tcp dport 3142 accept",
    ]
    leaving = chain(rules, "leaving")
    assert leaving.index("jump open") < next(n for n, rule in enumerate(leaving) if "@closed4" in rule)


@pytest.mark.parametrize("name", ["arriving", "published"])
def test_the_door_alone_arrives_and_everything_else_is_dropped(name: str) -> None:
    rules = render(given(door=["10.0.0.2", "10.0.0.3"]))
    assert chain(rules, name)[-2:] == ["ip saddr @door4 accept", "counter drop"]
    assert elements(rules, "door4") == ["10.0.0.2/31"]


def test_a_container_reaches_nothing_of_the_host_that_is_not_open() -> None:
    rules = render(given())
    assert chain(rules, "to_host")[-2:] == ["jump open", "counter reject with icmpx admin-prohibited"]
    assert chain(rules, "input")[1] == "iifname @bridges jump to_host"


def test_ports_and_bridges_are_those_of_the_configuration() -> None:
    rules = render(given(ports="40000-40100", bridges=["shiva1", "shiva0"]))
    assert chain(rules, "input")[-1] == "meta l4proto { tcp, udp } th dport 40000-40100 jump published"
    assert elements(rules, "bridges") == ['"shiva0"', '"shiva1"']


def test_without_internet_nothing_leaves_but_what_is_open() -> None:
    leaving = chain(render(given(internet=False)), "leaving")
    assert leaving[-1] == "counter reject with icmpx admin-prohibited"
    assert not any("@closed" in rule for rule in leaving)


@pytest.mark.parametrize("name", ["leaving", "arriving", "to_host"])
def test_ipv6_is_closed_unless_it_is_wanted(name: str) -> None:
    assert chain(render(given()), name)[0] == "meta nfproto ipv6 counter drop"
    rules = render(given(**SIX))
    assert "meta nfproto ipv6 counter drop" not in rules
    assert "ip6 daddr @closed6 counter reject with icmpx admin-prohibited" in chain(rules, "leaving")
    closed = [ip_network(each) for each in elements(rules, "closed6")]
    for near in ("fe80::1", "fd00::1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "ff02::1"):
        assert any(ip_address(near) in each for each in closed)
    assert not any(ip_address("2a00::1") in each for each in closed)


def test_the_order_of_lists_and_repetition_change_nothing() -> None:
    one = given(door=["10.0.0.2", "10.0.1.0/24"], allowed=["10.0.0.8:1", "10.0.0.8:2"], bridges=["a", "b"])
    other = given(
        door=["10.0.1.0/24", "10.0.0.2", "10.0.0.2"], allowed=["10.0.0.8:2", "10.0.0.8:1"], bridges=["b", "a"]
    )
    assert render(one) == render(other)


def test_the_table_is_replaced_as_a_whole() -> None:
    lines = [line for line in render(given()).splitlines() if not line.startswith("#")]
    assert lines[:3] == ["table inet shiva", "delete table inet shiva", "table inet shiva {"]


@pytest.mark.parametrize("changes", [{}, SIX, {"internet": False}], ids=["plain", "six", "closed"])
def test_nft_takes_the_rules(changes: dict[str, object]) -> None:
    able = (
        shutil.which("nft") is not None
        and subprocess.run(["nft", "list", "tables"], capture_output=True).returncode == 0
    )
    require("docker", present=able, reason="nft cannot be used here (root, and apt-get install nftables)")
    done = subprocess.run(
        ["nft", "--check", "-f", "-"], input=render(given(**changes)), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dor": []}, "no field “dor”"),
        ({"door": []}, "“door” must name somebody"),
        ({"resolvers": []}, "“resolvers” must name somebody"),
        ({"door": "10.0.0.2"}, "list of strings"),
        ({"door": ["0.0.0.0/0"]}, "everybody"),
        ({"door": ["10.0.0.1/24"]}, "no address and no network"),
        ({"door": ["fd00::2"]}, "closed like all IPv6"),
        ({"control": ["0.0.0.0/0"]}, "everybody"),
        ({"resolvers": ["127.0.0.53"]}, "resolvectl dns"),
        ({"resolvers": ["names.example"]}, "no address"),
        ({"allowed": ["10.0.0.8"]}, "address:port"),
        ({"allowed": ["10.0.0.8:0"]}, "1 to 65535"),
        ({"allowed": ["10.0.0.8:70000"]}, "1 to 65535"),
        ({"ports": "32000-31000"}, "ends before it begins"),
        ({"ports": [31000, 32000]}, "first and the last"),
        ({"bridges": []}, "no container would be held back"),
        ({"bridges": ["shiva*"]}, "no name of a bridge"),
        ({"bridges": ['a" }; }; flush ruleset']}, "no name of a bridge"),
        ({"bridges": ["lo"]}, "no name of a bridge"),
        ({"internet": "no"}, "true or false"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        given(**changes)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read(text)


def test_the_command_prints_the_rules_of_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(EXAMPLE)]) == 0
    assert capsys.readouterr().out == render(read(EXAMPLE.read_text(encoding="utf-8")))


def test_the_command_says_what_is_wrong_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(tmp_path / "absent.json")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "nothing was written" in printed.err
