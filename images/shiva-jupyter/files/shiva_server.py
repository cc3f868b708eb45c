"""Jupyter's server of one person, as that person: `python -I shiva_server.py FD`, the token waiting in the pipe FD."""

import gc

gc.disable()  # nothing that is imported is ever freed: looking for it costs a fifth of the start, see Server.start

import os
import shutil
import sys
from pathlib import Path

from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.kernelmanager import ServerKernelManager
from traitlets.config import Config

APP = Path(__file__).parent
PORT = 8888
ACTIVITY = "shiva_activity"
EXPENDABLE = str(APP / "expendable")
PYTHON = shutil.which("python3") or "/usr/bin/python3"  # the image's, before a person's own folder is on the PATH


class Kernel(ServerKernelManager):
    """A kernel that runs on the image's Python, not on the server's, and dies before the server when memory ends."""

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Return the command. Specs that just say `python`, as ipykernel's own in a home does, mean the image's."""
        program, *rest = super().format_kernel_cmd(extra_arguments)
        return [EXPENDABLE, PYTHON if program == sys.executable else program, *rest]


class Server(ServerApp):
    """Jupyter's server, whose note for `jupyter server list` leaves the token out: a snapshot would keep it."""

    def server_info(self) -> dict[str, object]:
        """Return what others may know."""
        return super().server_info() | {"token": ""}

    def start(self) -> None:
        """Serve, and collect garbage from now on."""
        gc.freeze()
        gc.enable()
        super().start()


def configuration(*, prefix: str, home: Path, token: str, kernel_idle_timeout: int = 0) -> dict[str, object]:
    """Return what no configuration file of a person's changes. Alike for every launcher (`jupyter_settings` of the broker)."""
    return {
        "ServerApp": {
            "ip": "0.0.0.0",
            "port": PORT,
            "port_retries": 0,
            "base_url": prefix,
            "default_url": "/lab",
            "root_dir": str(home),
            "open_browser": False,
            "allow_remote_access": True,  # the door has checked the host, the origin and the person
            "quit_button": False,
            "shutdown_no_activity_timeout": 0,
            "jpserver_extensions": {"jupyterlab": True, "jupyter_lsp": False, "notebook_shim": False, ACTIVITY: True},
            "terminado_settings": {"shell_command": [EXPENDABLE, os.environ.get("SHELL", "/bin/bash")]},
        },
        "IdentityProvider": {"token": token},
        "MappingKernelManager": {
            "cull_idle_timeout": kernel_idle_timeout,  # 0: never
            "cull_interval": max(1, min(300, kernel_idle_timeout // 4)),
            "cull_connected": False,
            "cull_busy": False,
        },
        "MultiKernelManager": {"kernel_manager_class": f"{__name__}.{Kernel.__name__}"},
        "KernelSpecManager": {"ensure_native_kernel": False},
        "LabApp": {
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "extension_manager": "readonly",
        },
    }


def places(home: Path, run: Path) -> dict[str, str]:
    """Return the environment that says where Jupyter and IPython keep things: in the home, unless it is full."""
    environment = {"PATH": f"{home / '.local/bin'}:{os.environ['PATH']}", "JUPYTER_CONFIG_PATH": str(APP)}
    if _has_room(home):
        return environment
    data = home / ".local/share/jupyter"  # still read
    return environment | {
        "JUPYTER_CONFIG_DIR": str(run / "jupyter-config"),
        "JUPYTER_DATA_DIR": str(run / "jupyter-data"),
        "JUPYTER_PATH": str(data),
        "JUPYTERLAB_SETTINGS_DIR": str(home / ".jupyter/lab/user-settings"),
        "IPYTHONDIR": str(run / "ipython"),
    }


def _has_room(home: Path) -> bool:
    """Return whether a folder and a small file can be written, tried in the place that Jupyter needs first."""
    probe = home / ".local/share/jupyter" / f".room-{os.getpid()}"
    try:
        probe.mkdir(parents=True)
        try:
            (probe / "file").write_bytes(bytes(65536))
        finally:
            shutil.rmtree(probe)
    except OSError:
        return False
    return True


def main() -> None:
    """Serve until told to stop."""
    with os.fdopen(int(sys.argv[1])) as pipe:
        token = pipe.read()
    sys.path.append(str(APP))  # for ACTIVITY
    home = Path.home()
    os.environ.update(places(home, Path(os.environ["XDG_RUNTIME_DIR"])))
    idle = int(os.environ.get("SHIVA_KERNEL_IDLE_TIMEOUT", "0"))
    settings = configuration(prefix=os.environ["SHIVA_PREFIX"], home=home, token=token, kernel_idle_timeout=idle)
    Server.launch_instance(argv=[], config=Config(settings), no_browser_open_file=True)


if __name__ == "__main__":
    main()
