"""`python -m deploy.firewall --config firewall.json` prints the rules of a machine for `nft -f`."""

import argparse
import sys
from pathlib import Path

from deploy.firewall.config import ConfigError, read
from deploy.firewall.rules import render


def main(arguments: list[str] | None = None) -> int:
    """Print the rules and return 0, or say what is wrong and return 2."""
    parser = argparse.ArgumentParser(prog="python -m deploy.firewall", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the JSON file that deploy/README.md describes")
    config = parser.parse_args(arguments).config
    try:
        print(render(read(config.read_text(encoding="utf-8"))), end="")
    except (ConfigError, OSError, UnicodeDecodeError) as error:
        print(f"{config} cannot be used, and nothing was written. {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
