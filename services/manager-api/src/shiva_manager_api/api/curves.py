"""Curves of machines and containers → JSON."""

from collections.abc import Mapping

import orjson

from shiva_manager_api.api.wire import moment
from shiva_manager_api.domain.container_history import ContainerCurves
from shiva_manager_api.domain.machine_history import Curve, MachineCurves

DIGITS = 4  # after the point; bytes have none


def of_machine(told: MachineCurves) -> bytes:
    """Return the body of a machine's."""
    return _body({"machine": told.machine}, told)


def of_container(told: ContainerCurves) -> bytes:
    """Return the body of a container's."""
    return _body({"container_id": told.container_id}, told)


def _body(whose: Mapping[str, str], told: MachineCurves | ContainerCurves) -> bytes:
    return orjson.dumps({
        **whose, "from": moment(told.start), "to": moment(told.end), "step_seconds": told.step,
        "series": {name: _rounded(name, curve) for name, curve in told.curves.items()},
        "gpus": [
            {"uuid": gpu.uuid, "index": gpu.index, **{name: _rounded(name, curve) for name, curve in gpu.curves.items()}}
            for gpu in told.gpus
        ],
    })  # fmt: skip


def _rounded(name: str, curve: Curve) -> list[float | None]:
    digits = None if name.endswith("_bytes") else DIGITS
    return [None if value is None else round(value, digits) for value in curve]
