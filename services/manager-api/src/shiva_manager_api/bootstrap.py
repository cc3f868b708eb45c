"""The only place where ports meet adapters."""

from datetime import UTC, datetime

from flask import Flask
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from shiva_common import identity

from shiva_manager_api.adapters.broker_http import BrokerHttp
from shiva_manager_api.adapters.idle_file import IdleFile
from shiva_manager_api.adapters.prometheus import Prometheus
from shiva_manager_api.api.app import create_app
from shiva_manager_api.api.idle_metrics import IdleCollector
from shiva_manager_api.service import Manager
from shiva_manager_api.settings import Settings


def build(settings: Settings) -> Flask:
    """Return the application."""
    idle = None if settings.idle_state_dir is None else IdleFile(settings.idle_state_dir)
    broker = BrokerHttp(settings.broker_url, settings.broker_token)
    manager = Manager(Prometheus(settings.prometheus_url), broker, idle=idle)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(IdleCollector(manager.idle, manager.now))
    app = create_app(
        manager,
        key=identity.check_key(settings.identity_key),
        clock=lambda: datetime.now(UTC),
        registry=registry,
        demo=settings.demo,
    )
    manager.truth.keep()
    return app
