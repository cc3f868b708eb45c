"""`shiva-broker-exporter`: one beside the broker."""

import os
import sys
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from shiva_common import bearer, env, logs

from shiva_exporters.broker.collector import BrokerCollector
from shiva_exporters.broker.source import BrokerHttp
from shiva_exporters.serve import check_port, registry, serve, shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Read from SHIVA_EXPORTERS_BROKER_*."""

    broker_url: str
    broker_token: str = field(repr=False)
    metrics_token: str = field(repr=False)  # who has it may scrape
    bind_host: str = "127.0.0.1"
    bind_port: int = 9102

    def __post_init__(self) -> None:
        """Refuse what would never find a broker."""
        check_port("SHIVA_EXPORTERS_BROKER_BIND_PORT", self.bind_port)
        if not _is_address(self.broker_url):
            raise ValueError("SHIVA_EXPORTERS_BROKER_BROKER_URL must be http://HOST:PORT, without a path")
        if not self.broker_token:
            raise ValueError("SHIVA_EXPORTERS_BROKER_BROKER_TOKEN must not be empty")
        bearer.check("SHIVA_EXPORTERS_BROKER_METRICS_TOKEN", self.metrics_token)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "http" and parts.path in {"", "/"} and not parts.query and not parts.fragment
        return plain and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False  # the port is no number


def main() -> None:
    """Serve."""
    try:
        settings = env.load(Settings, os.environ, prefix="SHIVA_EXPORTERS_BROKER_")
    except env.SettingsError as error:
        print(f"shiva-broker-exporter: {error}", file=sys.stderr)
        sys.exit(2)
    logs.configure("shiva.exporters.broker")
    shown = registry([BrokerCollector(BrokerHttp(settings.broker_url, settings.broker_token))])
    serve(settings.bind_host, settings.bind_port, {"/metrics": shows(shown)}, settings.metrics_token)


if __name__ == "__main__":
    main()
