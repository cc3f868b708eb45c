"""The only place where ports meet adapters."""

from datetime import UTC, datetime

from flask import Flask
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from shiva_common import identity

from shiva_manager_api.adapters.broker_http import BrokerHttp
from shiva_manager_api.adapters.prometheus import Prometheus
from shiva_manager_api.adapters.store.idle_table import IdleTable
from shiva_manager_api.adapters.store.preparing import prepared
from shiva_manager_api.adapters.store.unfit import UnfitDatabaseError
from shiva_manager_api.api.app import create_app
from shiva_manager_api.api.idle_metrics import IdleCollector
from shiva_manager_api.service import Manager
from shiva_manager_api.settings import Settings

__all__ = ["UnfitDatabaseError", "build"]


def build(settings: Settings) -> Flask:
    """Return the application.

    Raises:
        UnfitDatabaseError: there is no database to work with.
    """
    database = prepared(settings.database_url)
    broker = BrokerHttp(settings.broker_url, settings.broker_token)
    login = (settings.prometheus_user, settings.prometheus_password)
    manager = Manager(Prometheus(settings.prometheus_url, login=login), broker, idle=IdleTable(database))
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(IdleCollector(manager.idle, manager.now))
    return create_app(
        manager,
        key=identity.check_key(settings.identity_key),
        clock=lambda: datetime.now(UTC),
        registry=registry,
        demo=settings.demo,
    )
