"""How the exporters refuse to start: a sentence for whoever set it, status 2; a taken address is status 1."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from shiva_common import env
from shiva_exporters.broker.__main__ import Settings as BrokerSettings
from shiva_exporters.demo.__main__ import Settings as DemoSettings
from shiva_exporters.demo.__main__ import machines
from shiva_exporters.gpu.__main__ import Settings as GpuSettings

BIN = Path(sys.executable).parent
TOKEN = "t" * 32
BROKER = {"BROKER_URL": "http://127.0.0.1:8082", "BROKER_TOKEN": "t" * 40, "METRICS_TOKEN": TOKEN}
URL = "SHIVA_EXPORTERS_BROKER_BROKER_URL must be http://HOST:PORT, without a path"
REFUSED = [
    (GpuSettings, "GPU", {"BIND_PORT": "65536"}, "SHIVA_EXPORTERS_GPU_BIND_PORT must be 0 to 65535"),
    (GpuSettings, "GPU", {"BIND_PORT": "many"}, "SHIVA_EXPORTERS_GPU_BIND_PORT: must be a whole number"),
    (GpuSettings, "GPU", {"INTERVAL": "0.09"}, "SHIVA_EXPORTERS_GPU_INTERVAL must be at least 0.1"),
    (GpuSettings, "GPU", {"HUNG_AFTER": "2"}, "SHIVA_EXPORTERS_GPU_HUNG_AFTER must be at least 3"),
    (GpuSettings, "GPU", {"INTERVAL": "nan"}, "SHIVA_EXPORTERS_GPU_INTERVAL: must be a number"),
    (GpuSettings, "GPU", {"PACE": "1"}, "SHIVA_EXPORTERS_GPU_PACE is not a setting"),
    (BrokerSettings, "BROKER", BROKER | {"BIND_PORT": "-1"}, "SHIVA_EXPORTERS_BROKER_BIND_PORT must be 0 to 65535"),
    (BrokerSettings, "BROKER", BROKER | {"BROKER_URL": "broker:8082"}, URL),
    (BrokerSettings, "BROKER", BROKER | {"BROKER_URL": "http://broker:port"}, URL),
    (BrokerSettings, "BROKER", BROKER | {"BROKER_URL": "http://broker/v1"}, URL),
    (
        BrokerSettings, "BROKER", BROKER | {"BROKER_TOKEN": ""},
        "SHIVA_EXPORTERS_BROKER_BROKER_TOKEN must not be empty",
    ),
    (
        BrokerSettings, "BROKER", {},
        "SHIVA_EXPORTERS_BROKER_BROKER_URL is required\nSHIVA_EXPORTERS_BROKER_BROKER_TOKEN is required\n"
        "SHIVA_EXPORTERS_BROKER_METRICS_TOKEN is required",
    ),
    (
        BrokerSettings, "BROKER", BROKER | {"METRICS_TOKEN": "t" * 31},
        "SHIVA_EXPORTERS_BROKER_METRICS_TOKEN must have at least 32 characters, of ASCII and without spaces",
    ),
    (
        GpuSettings, "GPU", {"METRICS_TOKEN": ""},
        "SHIVA_EXPORTERS_GPU_METRICS_TOKEN must have at least 32 characters, of ASCII and without spaces",
    ),
    (
        DemoSettings, "DEMO", {"MACHINES_FILE": "m.json", "METRICS_TOKEN": "t" * 31},
        "SHIVA_EXPORTERS_DEMO_METRICS_TOKEN must have at least 32 characters, of ASCII and without spaces",
    ),
    (
        DemoSettings, "DEMO", {"MACHINES_FILE": "m.json", "METRICS_TOKEN": TOKEN, "BIND_PORT": "65536"},
        "SHIVA_EXPORTERS_DEMO_BIND_PORT must be 0 to 65535",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "of", "values", "sentence"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_cannot_work_is_refused_in_a_sentence(
    settings: type[object], of: str, values: dict[str, str], sentence: str
) -> None:
    prefix = f"SHIVA_EXPORTERS_{of}_"
    with pytest.raises(env.SettingsError) as refused:
        env.load(settings, {prefix + key: value for key, value in values.items()}, prefix=prefix)
    assert str(refused.value) == sentence


def test_good_settings_are_read_and_keep_their_secret() -> None:
    prefix = "SHIVA_EXPORTERS_BROKER_"
    read = env.load(BrokerSettings, {prefix + key: value for key, value in BROKER.items()}, prefix=prefix)
    assert (read.broker_url, read.bind_host, read.bind_port) == ("http://127.0.0.1:8082", "127.0.0.1", 9102)
    assert "tttt" not in repr(read)


@pytest.mark.parametrize("content", [
    "", "[]", "{}", '{"machines": 1}', '{"machines": [1]}', '{"machines": [{"name": "gpu-01"}]}', "\xff",
])  # fmt: skip
def test_what_is_no_inventory_is_refused_by_its_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "machines.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=r"machines\.json is no inventory"):
        machines(path)


def test_machines_are_told_apart_by_name_and_some_cards_are_busy(tmp_path: Path) -> None:
    card = {"uuid": "GPU-1", "index": 0, "model": "GTX 1080", "memory_bytes": 2**33}
    raw = [{"name": name, "cpus": 8, "memory_bytes": 2**35, "gpus": [card]} for name in ("gpu-09", "gpu-01")]
    path = tmp_path / "machines.json"
    path.write_text(json.dumps({"machines": raw}), encoding="utf-8")
    read = machines(path)
    assert [machine.name for machine in read] == ["gpu-01", "gpu-09"]
    assert read[0].gpus[0].busy


def ended(program: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run an exporter that does not get far."""
    return subprocess.run(
        [BIN / program], env=os.environ | settings, capture_output=True, text=True, timeout=30, check=False
    )


def test_an_inventory_that_is_not_there_is_a_sentence_and_status_2() -> None:
    done = ended(
        "shiva-demo-machines",
        SHIVA_EXPORTERS_DEMO_MACHINES_FILE="/nonexistent",
        SHIVA_EXPORTERS_DEMO_METRICS_TOKEN=TOKEN,
    )
    assert done.stderr == "shiva-demo-machines: cannot read /nonexistent: No such file or directory\n"
    assert done.returncode == 2


def test_an_address_that_is_taken_is_a_sentence_and_status_1() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = ended(
            "shiva-gpu-exporter", SHIVA_EXPORTERS_GPU_BIND_PORT=str(port), SHIVA_EXPORTERS_GPU_METRICS_TOKEN=TOKEN
        )
    sentence = f"shiva-gpu-exporter: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert done.stderr.endswith(sentence)
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


def test_the_gpu_exporter_lists_without_a_token_and_serves_with_one_only() -> None:
    done = subprocess.run(
        [BIN / "shiva-gpu-exporter", "--list"], capture_output=True, text=True, timeout=30, check=True
    )
    assert isinstance(json.loads(done.stdout), list)
    done = ended("shiva-gpu-exporter")
    assert (done.returncode, done.stderr) == (2, "shiva-gpu-exporter: SHIVA_EXPORTERS_GPU_METRICS_TOKEN is required\n")


def test_the_gpu_exporter_looks_into_the_machines_proc() -> None:
    assert env.load(GpuSettings, {}, prefix="SHIVA_EXPORTERS_GPU_").proc_dir == Path("/proc")
    elsewhere = {"SHIVA_EXPORTERS_GPU_PROC_DIR": "/host/proc"}
    assert env.load(GpuSettings, elsewhere, prefix="SHIVA_EXPORTERS_GPU_").proc_dir == Path("/host/proc")
