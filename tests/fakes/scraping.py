"""What Prometheus shows when it scrapes our services, in tests."""

from pathlib import Path

from deploy.dev import private

TOKEN = "planted-token-of-prometheus".ljust(40, "-")
LOGIN = {"Authorization": f"Bearer {TOKEN}"}


def told_to_prometheus(folder: Path, token: str = TOKEN) -> None:
    """Write the token where the `prometheus.yml` of this folder looks for it."""
    (folder / "secrets").mkdir(exist_ok=True)
    private.write(folder / "secrets/metrics-token", token)
