"""How a container's Jupyter is configured: argument list, environment and configuration file. Pure."""

import sys
from collections.abc import Mapping
from pathlib import Path

from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import ContainerSpec

PORT_RETRIES = 50  # Jupyter itself looks on when the port that the kernel offered was taken in between
LAUNCH_MARK = "SHIVA_LAUNCH_ID"  # in the environment of every process of a container, whoever its parent is

# What a notebook needs from our own environment: where certificates and mirrors are, and how to speak.
PASSED_ON = ("LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")  # fmt: skip
PASSED_ON_PREFIXES = ("PIP_",)
DEFAULTS = Path(__file__).parent / "jupyter"  # JupyterLab's settings as we ship them: a person's own go over them
ACTIVITY = "shiva_jupyter_broker.adapters.jupyter.shiva_activity"  # the image's, to the byte
DEMO = Path(__file__).parent / "jupyter_demo"  # the word DEMO in the title and in the menu bar


def configuration(spec: ContainerSpec, *, port: int, kernel_idle_timeout: int = 0) -> dict[str, object]:
    """Return Jupyter's configuration, the token included; keep the file to its owner. `kernel_idle_timeout` is seconds."""
    return {
        "ServerApp": {
            "ip": "127.0.0.1",
            "port": port,
            "port_retries": PORT_RETRIES,
            "base_url": naming.prefix(spec.owner, spec.name),
            "root_dir": spec.home,
            "open_browser": False,
            "allow_root": True,
            "allow_remote_access": True,  # the door has checked the host, the origin and the person
            "quit_button": False,
            "shutdown_no_activity_timeout": 0,
            "jpserver_extensions": {"jupyterlab": True, "jupyter_lsp": False, "notebook_shim": False, ACTIVITY: True},
        },
        "IdentityProvider": {"token": spec.token},
        "MappingKernelManager": {
            "cull_idle_timeout": kernel_idle_timeout,  # 0: never
            "cull_interval": max(1, min(300, kernel_idle_timeout // 4)),
            "cull_connected": False,
            "cull_busy": False,
        },
        "LabApp": {
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "extension_manager": "readonly",
        },
    }


def arguments(config: Path) -> list[str]:
    """Return the command. `-E -s`: a broken `~/.local` or PYTHONPATH breaks a person's kernel, never the server."""
    return [sys.executable, "-E", "-s", "-m", "jupyterlab", "--config", str(config)]


def environment(spec: ContainerSpec, *, runtime: Path, ours: Mapping[str, str], demo: bool) -> dict[str, str]:
    """Return the whole environment: nothing of ours but what is listed, no secret.

    What people install with pip goes to `~/.local`, not into the environment that runs the server.
    """
    passed = {k: v for k, v in ours.items() if k in PASSED_ON or k.startswith(PASSED_ON_PREFIXES)}
    local = Path(spec.home) / ".local"
    packages = local / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    return passed | {
        "PATH": f"{local / 'bin'}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": spec.home,
        "USER": spec.owner,
        "SHELL": "/bin/bash",
        "TERM": "xterm-256color",
        "PIP_PREFIX": str(local),
        "PYTHONPATH": str(packages),
        "JUPYTER_RUNTIME_DIR": str(runtime),
        "JUPYTER_CONFIG_PATH": f"{DEMO}:{DEFAULTS}" if demo else str(DEFAULTS),
        "CUDA_VISIBLE_DEVICES": ",".join(spec.gpus),
        "SHIVA_CONTAINER_ID": spec.id,
        LAUNCH_MARK: spec.launch_id,
    }
