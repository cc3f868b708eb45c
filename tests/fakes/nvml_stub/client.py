"""Asks nvidia-ml-py what its standard input says, a line each: `["FUNCTION", ARGUMENT…]` → `{"value": …}` or `{"error": …, "code": …}`."""

import ctypes
import json
import sys
from typing import Any

import pynvml

Plain = None | bool | int | float | str | list[Any] | dict[str, Any]


def gpm(first: Any, second: Any, metrics: list[int]) -> dict[int, tuple[int, float]]:
    """Return (code, value) by metric between two samples."""
    asked = pynvml.c_nvmlGpmMetricsGet_t()
    asked.version = pynvml.NVML_GPM_METRICS_GET_VERSION
    asked.numMetrics = len(metrics)
    asked.sample1, asked.sample2 = first, second
    for place, metric in enumerate(metrics):
        asked.metrics[place].metricId = metric
    pynvml.nvmlGpmMetricsGet(asked)
    return {m.metricId: (m.nvmlReturn, m.value) for m in asked.metrics[: len(metrics)]}


class Answers:
    """Pointers stay here; outside they are numbers."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._kept: list[Any] = []

    def answer(self, function: str, arguments: list[Any]) -> dict[str, Plain]:
        """Call it."""
        call = gpm if function == "gpm" else getattr(pynvml, function)
        try:
            return {"value": self._plain(call(*map(self._own, arguments)))}
        except (pynvml.NVMLError, pynvml.NVMLLibraryMismatchError) as error:
            return {"error": type(error).__name__, "code": getattr(error, "value", None)}

    def _own(self, argument: Any) -> Any:
        return self._kept[argument["kept"]] if isinstance(argument, dict) else argument

    def _plain(self, value: Any) -> Plain:
        if isinstance(value, ctypes._Pointer):
            self._kept.append(value)
            return {"kept": len(self._kept) - 1}
        if isinstance(value, (ctypes.Structure, ctypes.Union)):
            return {name: self._plain(getattr(value, name)) for name, *_ in value._fields_}
        if isinstance(value, dict):
            return {str(key): self._plain(one) for key, one in value.items()}
        if isinstance(value, (list, tuple, ctypes.Array)):
            return [self._plain(one) for one in value]
        if isinstance(value, ctypes._SimpleCData):
            return self._plain(value.value)
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        return value if isinstance(value, (int, float, str, type(None))) else self._plain(vars(value))


def main() -> None:
    """Answer until the input ends."""
    answers = Answers()
    for line in sys.stdin:
        function, *arguments = json.loads(line)
        print(json.dumps(answers.answer(function, arguments)), flush=True)


if __name__ == "__main__":
    main()
