"""`shiva-jupyter-proxy`: settings, logs, serve."""

import asyncio
import os
import signal
import sys

from shiva_common import env, logs

from shiva_jupyter_proxy.bootstrap import opened
from shiva_jupyter_proxy.settings import Settings


async def serve(settings: Settings) -> None:
    """Keep the door open until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with opened(settings):
        await stopped.wait()


def main() -> None:
    """Run the service; exit status 2 when the settings are wrong, 1 when the address is taken."""
    try:
        settings = env.load(Settings, os.environ, prefix="SHIVA_JUPYTER_PROXY_")
    except env.SettingsError as error:
        print(f"shiva-jupyter-proxy: {error}", file=sys.stderr)
        sys.exit(2)
    logs.configure("shiva.jupyter_proxy")
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        sys.exit(f"shiva-jupyter-proxy: cannot listen on {settings.bind_host}:{settings.bind_port}: {error.strerror}")


if __name__ == "__main__":
    main()
