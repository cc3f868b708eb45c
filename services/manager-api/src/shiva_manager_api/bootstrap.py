"""The only place where ports meet adapters."""

import time

from flask import Flask
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from shiva_common import identity

from shiva_manager_api import use_cases
from shiva_manager_api.adapters.access_file import AccessFile, AccessFileError
from shiva_manager_api.adapters.broker_http import BrokerHttp
from shiva_manager_api.adapters.patience import Patience
from shiva_manager_api.adapters.prometheus import Prometheus
from shiva_manager_api.adapters.prometheus_containers import PrometheusContainers
from shiva_manager_api.adapters.prometheus_curves import PrometheusCurves
from shiva_manager_api.adapters.prometheus_held_times import PrometheusHeldTimes
from shiva_manager_api.adapters.prometheus_starts import PrometheusStarts
from shiva_manager_api.adapters.store.idle_table import IdleTable
from shiva_manager_api.adapters.store.preparing import prepared
from shiva_manager_api.adapters.store.remembered import Remembered
from shiva_manager_api.adapters.store.unfit import UnfitDatabaseError
from shiva_manager_api.api.access import Keys
from shiva_manager_api.api.app import create_app
from shiva_manager_api.api.idle_metrics import IdleCollector
from shiva_manager_api.api.store_metrics import StoreCollector
from shiva_manager_api.settings import Settings
from shiva_manager_api.use_cases import Ports

UNFIT = (UnfitDatabaseError, AccessFileError)  # what an operator must mend before it starts
MOST_WAITING = 16  # for the broker, of 64 threads


def build(settings: Settings) -> Flask:
    """Return the application.

    Raises:
        UnfitDatabaseError: there is no database to work with.
        AccessFileError: nobody can tell who may come in.
    """
    rules = AccessFile(settings.access_file)
    database = prepared(settings.database_url)
    login = (settings.prometheus_user, settings.prometheus_password)
    patience = Patience(most_waiting=MOST_WAITING, clock=time.monotonic)
    prometheus = Prometheus(settings.prometheus_url, login=login)
    ports = Ports(
        metrics=prometheus,
        pasts=PrometheusStarts(prometheus.query),
        curves=PrometheusCurves(settings.prometheus_url, login=login),
        container_curves=PrometheusContainers(settings.prometheus_url, login=login),
        held_times=PrometheusHeldTimes(settings.prometheus_url, login=login),
        broker=BrokerHttp(settings.broker_url, settings.broker_token, patience=patience),
        store=Remembered(database),
        rules=rules,
        idle=IdleTable(database),
        dev=settings.dev_identity,
    )
    use = use_cases.over(ports)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    registry.register(IdleCollector(use.manager.idle, ports.now))
    registry.register(StoreCollector(lambda: database.failures))
    keys = Keys(
        identity=identity.check_key(settings.identity_key), door=settings.door_token, metrics=settings.metrics_token
    )
    app = create_app(use, keys, clock=ports.now, registry=registry, demo=settings.demo)
    use.manager.truth.keep()
    use.predictions.keep()
    return app
