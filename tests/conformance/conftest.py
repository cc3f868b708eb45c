"""Both kinds of database that the manager knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from shiva_manager_api.adapters.store.database import Database

from tests.fakes.databases import Databases, Files, Servers, opened
from tests.fakes.postgres import Cluster, cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """One PostgreSQL for all tests."""
    with cluster() as made:
        yield made


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """SQLite."""
    return Files(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def servers(postgres: Cluster) -> Servers:
    """PostgreSQL."""
    return Servers(postgres)


@pytest.fixture(params=["files", "servers"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Each of them."""
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def database(databases: Databases, tmp_path: Path) -> Iterator[Database]:
    """A database that nobody has used."""
    with opened(databases.url(tmp_path)) as made:
        yield made
