"""What Marathon's silence and its refusals mean to the broker."""

from collections.abc import Iterator
from contextlib import contextmanager

from shiva_jupyter_broker.adapters.marathon_http import RefusedError, UnansweredError
from shiva_jupyter_broker.domain.ports import LauncherUnavailableError, LaunchRefusedError


@contextmanager
def translated() -> Iterator[None]:
    """Raise what is ours instead of what is Marathon's.

    Raises:
        LauncherUnavailableError: it does not answer, lets us in, or have time.
        LaunchRefusedError: it says no to what it was asked for.
    """
    try:
        yield
    except UnansweredError as error:
        raise LauncherUnavailableError(f"Marathon does not answer ({error})") from error
    except RefusedError as error:
        if error.busy:
            raise LauncherUnavailableError(f"Marathon is busy with another deployment: {error}") from error
        if error.status in {401, 403}:
            raise LauncherUnavailableError(
                f"Marathon does not let the broker in (HTTP {error.status}); an operator has to correct MARATHON_USER and MARATHON_PASSWORD"
            ) from error
        raise LaunchRefusedError(f"Marathon refuses it: {error}") from error
