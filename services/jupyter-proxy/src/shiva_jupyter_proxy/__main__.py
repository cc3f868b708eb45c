"""`shiva-jupyter-proxy`: settings, logs, serve."""

import argparse
import asyncio
import dataclasses
import os
import signal
import sys
from pathlib import Path

import uvloop
from shiva_common import env, logs

from shiva_jupyter_proxy.bootstrap import opened, own_folder
from shiva_jupyter_proxy.settings import Settings
from shiva_jupyter_proxy.standalone import running as standalone
from shiva_jupyter_proxy.workers import Workers, reserved


async def serve(settings: Settings, folder: Path, worker: int = 0) -> None:
    """Keep the door open until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with opened(settings, folder=folder, worker=worker):
        await stopped.wait()


def run(settings: Settings) -> None:
    """Serve, with as many processes as the settings say; OSError when the address or the certificate cannot be used."""
    with own_folder() as folder:
        if settings.workers == 1:
            uvloop.run(serve(settings, folder))
            return
        with reserved(settings.bind_host, settings.bind_port) as held:
            shared = dataclasses.replace(settings, bind_port=held.getsockname()[1])
            Workers(settings.workers, lambda worker: uvloop.run(serve(shared, folder, worker))).run()


def main() -> None:
    """Run the service; exit status 2 when the settings are wrong, 1 when the address or the certificate cannot be used."""
    if "--standalone" in sys.argv[1:]:
        standalone.main()
        return
    parser = argparse.ArgumentParser(
        prog="shiva-jupyter-proxy", description="Shiva's door. Settings: SHIVA_JUPYTER_PROXY_*"
    )
    parser.add_argument("--standalone", action="store_true", help="be a JupyterHub's proxy: --standalone --help")
    parser.add_argument("--workers", type=int, help="processes that share the port (SHIVA_JUPYTER_PROXY_WORKERS)")
    options = parser.parse_args()
    try:
        settings = env.load(Settings, os.environ, prefix="SHIVA_JUPYTER_PROXY_")
        if options.workers is not None:
            settings = dataclasses.replace(settings, workers=options.workers)
    except (env.SettingsError, ValueError) as error:
        print(f"shiva-jupyter-proxy: {error}", file=sys.stderr)
        sys.exit(2)
    logs.configure("shiva.jupyter_proxy")
    try:
        run(settings)
    except OSError as error:
        sys.exit(f"shiva-jupyter-proxy: cannot listen on {settings.bind_host}:{settings.bind_port}: {error.strerror}")


if __name__ == "__main__":
    main()
