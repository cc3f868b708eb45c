"""`python -m shiva_manager_api.move_database OLD`: copy an old database into the one that the manager is set to use from now on.

OLD is its URL; SHIVA_MANAGER_API_DATABASE_URL, or its _FILE, names the new one. No manager and no culler runs meanwhile.
"""

import os
import sys
from contextlib import closing
from dataclasses import dataclass, field

from shiva_common import env

from shiva_manager_api.adapters.store.attaching import attached
from shiva_manager_api.adapters.store.moving import move
from shiva_manager_api.adapters.store.preparing import prepared
from shiva_manager_api.adapters.store.unfit import UnfitDatabaseError
from shiva_manager_api.domain.ports import StoreUnavailableError
from shiva_manager_api.settings import check_database_url

PREFIX = "SHIVA_MANAGER_API_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The one setting of the manager that matters here."""

    database_url: str = field(repr=False)


def main(arguments: list[str]) -> None:
    """Copy; exit status 2 when the command or the setting is wrong, 1 when it cannot be done."""
    given = {key: value for key, value in os.environ.items() if key.startswith(f"{PREFIX}DATABASE_URL")}
    try:
        [old_url] = arguments
        new_url = env.load(Target, given, prefix=PREFIX).database_url
        check_database_url(old_url, "OLD")
        check_database_url(new_url, f"{PREFIX}DATABASE_URL")
    except (ValueError, env.SettingsError) as error:
        print(f"{error}\n{__doc__}", file=sys.stderr)
        sys.exit(2)
    try:
        with closing(attached(old_url, looks=1)) as old, closing(prepared(new_url)) as new:
            for name, rows in move(old, new).items():
                print(f"{name}: {rows}")
    except (UnfitDatabaseError, StoreUnavailableError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
