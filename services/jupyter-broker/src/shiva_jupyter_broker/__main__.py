"""`shiva-jupyter-broker`: settings, logs, serve."""

import logging
import os
import sys

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from shiva_common import env, logs

from shiva_jupyter_broker.adapters import (
    catalogue,
    docker_credentials,
    docker_engines,
    marathon_gpus,
    policy_file,
    registry_client,
)
from shiva_jupyter_broker.adapters.files import InventoryFile
from shiva_jupyter_broker.adapters.switch_file import SwitchFile
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError
from shiva_jupyter_broker.settings import PREFIX, SWITCHES, Settings

log = logging.getLogger("shiva.jupyter_broker")


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with one worker: one process decides who gets which GPU."""

    def __init__(self, settings: Settings) -> None:
        """Keep the settings for the worker."""
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        options = {
            "bind": f"{self._settings.bind_host}:{self._settings.bind_port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": 8,
            "timeout": 60,
            "graceful_timeout": 2,
            "worker_tmp_dir": "/dev/shm",  # noqa: S108  a heartbeat file, not data
            "control_socket_disable": True,
            "logger_class": "shiva_jupyter_broker.gunicorn_log.JsonLog",
        }
        for key, value in options.items():
            if key in self.cfg.settings:
                self.cfg.set(key, value)

    def load(self) -> object:
        """Build the application, in the worker: the master stays small."""
        from shiva_jupyter_broker import bootstrap

        try:
            self._built = bootstrap.build(self._settings)
        except (bootstrap.StateInUseError, LauncherUnavailableError, ValueError, OSError) as error:
            log.error(
                "the broker cannot start",
                extra={"why": f"{error}: {error.__cause__}" if error.__cause__ else str(error)},
            )
            sys.exit(Arbiter.WORKER_BOOT_ERROR)
        return self._built.app


def _check_files(settings: Settings) -> None:
    """Read what the worker reads again: a bad file must end the start in a sentence.

    Raises:
        ValueError: one cannot be used; the message says why.
    """
    InventoryFile(settings.machines_file)
    catalogue.read(settings.images_file)
    policy_file.read(settings.policy_file, settings.limits)
    SwitchFile(settings.state_dir / SWITCHES)
    docker_credentials.read(settings.registry_file)
    registry_client.check_authority(settings.registry_ca)
    if settings.launcher == "docker":
        docker_engines.read(settings.machines_file)
    if settings.launcher == "marathon":
        marathon_gpus.read(settings.machines_file)


def main() -> None:
    """Run the service; exit status 2 when the settings are wrong."""
    try:
        settings = env.load(Settings, os.environ, prefix=PREFIX)
        _check_files(settings)
    except (env.SettingsError, ValueError) as error:
        print(f"shiva-jupyter-broker: {error}", file=sys.stderr)
        sys.exit(2)
    logs.configure("shiva.jupyter_broker")
    Server(settings).run()


if __name__ == "__main__":
    main()
