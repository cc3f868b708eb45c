"""`shiva-manager-api`: settings, logs, serve."""

import os
import sys

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from shiva_common import env, logs

from shiva_manager_api import memory
from shiva_manager_api.settings import Settings


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with one worker and threads: one snapshot for all."""

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
            "threads": 64,  # two thirds of them may wait: for the broker, a start, a history
            "timeout": 60,
            "graceful_timeout": 2,
            "worker_tmp_dir": "/dev/shm",  # noqa: S108  a heartbeat file, not data
            "control_socket_disable": True,
            "logger_class": "shiva_manager_api.gunicorn_log.JsonLog",
        }
        for key, value in options.items():
            if key in self.cfg.settings:
                self.cfg.set(key, value)

    def load(self) -> object:
        """Build the application, in the worker: the master stays small."""
        from shiva_manager_api import bootstrap

        memory.before_threads()
        try:
            app = bootstrap.build(self._settings)
            memory.when_built()
            return app
        except bootstrap.UNFIT as error:
            print(f"shiva-manager-api: {error}", file=sys.stderr)
            sys.exit(Arbiter.WORKER_BOOT_ERROR)  # the master ends too


def main() -> None:
    """Run the service; exit status 2 when the settings are wrong, 3 when the database or the access file cannot be used."""
    try:
        settings = env.load(Settings, os.environ, prefix="SHIVA_MANAGER_API_")
    except env.SettingsError as error:
        print(f"shiva-manager-api: {error}", file=sys.stderr)
        sys.exit(2)
    logs.configure("shiva.manager_api")
    Server(settings).run()


if __name__ == "__main__":
    main()
