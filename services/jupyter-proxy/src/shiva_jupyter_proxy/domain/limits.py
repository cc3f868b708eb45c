"""How often one client address may try something. Pure but for the clock; memory is bounded."""

import ipaddress
import time
from collections.abc import Callable

MINUTE_SECONDS = 60.0
MOST = 20_000  # addresses that are remembered; the one that tried longest ago is forgotten first
PREFIX_IPV6 = 64  # whoever has an IPv6 address has as many as that


class Limiter:
    """A bucket for each address: full it holds a minute's tries, and it fills evenly."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Let each address try `per_minute` times a minute."""
        self._step = MINUTE_SECONDS / per_minute
        self._clock = clock
        self._full_at: dict[str, float] = {}  # when each bucket is full again

    def take(self, client: str) -> float:
        """Count a try; return 0, or after how many seconds the next one is let through: then this one was not counted."""
        key, now = _bucket(client), self._clock()
        full_at = max(self._full_at.pop(key, now), now)
        wait = full_at + self._step - now - MINUTE_SECONDS
        self._full_at[key] = full_at if wait > 0 else full_at + self._step
        if len(self._full_at) > MOST:
            del self._full_at[next(iter(self._full_at))]
        return max(wait, 0.0)

    def wait(self, client: str) -> float:
        """Return 0, or after how many seconds the next try would be let through; nothing is counted."""
        now = self._clock()
        return max(self._full_at.get(_bucket(client), now) + self._step - now - MINUTE_SECONDS, 0.0)


def _bucket(client: str) -> str:
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, PREFIX_IPV6), strict=False))
    return str(address)
