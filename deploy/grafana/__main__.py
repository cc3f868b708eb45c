"""`python3 -m deploy.grafana` writes the dashboards' JSON beside itself."""

import json
from pathlib import Path

from deploy.grafana.cluster import CLUSTER
from deploy.grafana.panels import rendered
from deploy.grafana.person import PERSON

FOLDER = Path(__file__).parent / "dashboards"


def files() -> dict[Path, str]:
    """Return each dashboard's path and text."""
    return {
        FOLDER / f"{name}.json": json.dumps(rendered(dashboard), indent=1, ensure_ascii=False) + "\n"
        for name, dashboard in (("cluster", CLUSTER), ("person", PERSON))
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
