"""The public port's certificate, read anew when its files change."""

import asyncio
import logging
import ssl
from pathlib import Path

log = logging.getLogger("shiva.jupyter_proxy.tls")

LOOK_SECONDS = 2.0


class Certificate:
    """A TLS context that follows two files."""

    def __init__(self, cert: Path, key: Path, password: str = "") -> None:
        """Read both; OSError (ssl.SSLError is one) when they cannot be used."""
        self._files = (cert, key)
        self._password = password  # never asked for on a terminal
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._seen = self._times()
        self.context.load_cert_chain(cert, key, password)

    def _times(self) -> tuple[int, ...]:
        return tuple(path.stat().st_mtime_ns for path in self._files)

    def look(self) -> None:
        """Read them again if they changed; the old ones stay while the new ones cannot be used."""
        try:
            times = self._times()
            if times == self._seen:
                return
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                *self._files, self._password
            )  # both, or neither
            self.context.load_cert_chain(*self._files, self._password)
        except OSError as error:
            log.warning("certificate not taken, keeping the old one", extra={"cause": str(error)})
            return
        self._seen = times
        log.info("certificate read anew")

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()
