"""Curves of machines → JSON."""

import orjson

from shiva_manager_api.api.wire import moment
from shiva_manager_api.domain.machine_history import Curve, MachineCurves

DIGITS = 4  # after the point; bytes have none


def written(told: MachineCurves) -> bytes:
    """Return the body."""
    return orjson.dumps({
        "machine": told.machine, "from": moment(told.start), "to": moment(told.end), "step_seconds": told.step,
        "series": {name: _rounded(name, curve) for name, curve in told.curves.items()},
        "gpus": [
            {"uuid": gpu.uuid, "index": gpu.index, **{name: _rounded(name, curve) for name, curve in gpu.curves.items()}}
            for gpu in told.gpus
        ],
    })  # fmt: skip


def _rounded(name: str, curve: Curve) -> list[float | None]:
    digits = None if name.endswith("_bytes") else DIGITS
    return [None if value is None else round(value, digits) for value in curve]
