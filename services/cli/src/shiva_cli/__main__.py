"""The entry: the real world goes in, an exit code comes out."""

import sys

from shiva_cli.command_line import run
from shiva_cli.world import real


def main() -> None:
    """Run one command."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr] # a terminal without Unicode is no reason to fail
    sys.exit(run(sys.argv[1:], real()))


if __name__ == "__main__":
    main()
