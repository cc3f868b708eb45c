"""Calls to one engine: what fails means either that it said no, or that it does not answer."""

from collections.abc import Callable
from typing import TypeVar

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException

from shiva_jupyter_broker.adapters import docker_transport
from shiva_jupyter_broker.adapters.docker_engines import EngineAddress
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError

T = TypeVar("T")
AWAY = (requests.RequestException, urllib3.exceptions.HTTPError, DockerException, OSError)
GARBAGE = (ValueError, KeyError, TypeError, AttributeError, IndexError)  # an answer, but not an engine's
BETWEEN = {502, 503, 504}  # said by something between the engine and us


class DockerClient:
    """An engine's API. It agrees on a version with the engine at the first call, and again after a failure."""

    def __init__(self, address: EngineAddress, *, seconds: int) -> None:
        """No answer may let wait for longer than `seconds`; nothing is asked yet."""
        self._address = address
        self._seconds = seconds
        self._api: docker.APIClient | None = None

    def call(self, act: Callable[[docker.APIClient], T]) -> T:
        """Do something on the engine.

        Raises:
            APIError: the engine understood and said no.
            LauncherUnavailableError: it does not answer, or what answers is no engine.
        """
        api = self._api
        try:
            if api is None:
                api = self._api = docker_transport.connect(self._address, seconds=self._seconds)
            return act(api)
        except APIError as error:
            if _is_the_engines(error):
                raise
            raise self._unavailable(api) from error
        except (*AWAY, *GARBAGE) as error:
            raise self._unavailable(api) from error

    def _unavailable(self, api: docker.APIClient | None) -> LauncherUnavailableError:
        if api is not None and self._api is api:
            self._api = None
            api.close()
        return LauncherUnavailableError(f"the engine of {self._address.machine}")


def _is_the_engines(error: APIError) -> bool:
    """Tell an engine's own refusal, which is JSON, from a page of what stands between."""
    answer = error.response
    if answer is None or answer.status_code in BETWEEN:
        return False
    return answer.headers.get("Content-Type", "").startswith("application/json")
