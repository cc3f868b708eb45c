"""One question to the driver, one verdict: an answer, none, or the end of this card or of this round."""

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
N = TypeVar("N", int, float)


class Asking:
    """Sorts the errors of a pynvml. Whatever is neither lost nor gone concerns the one question only."""

    def __init__(self, nvml: Any) -> None:
        """`nvml` has pynvml's errors."""
        self.absent: tuple[type[Exception], ...] = (nvml.NVMLError_LibraryNotFound, nvml.NVMLError_DriverNotLoaded)
        self.gone = (*self.absent, nvml.NVMLError_Uninitialized, nvml.NVMLError_LibRmVersionMismatch)
        self.lost = (nvml.NVMLError_GpuIsLost, nvml.NVMLError_ResetRequired, nvml.NVMLError_GpuNotFound)
        # NVMLLibraryMismatchError is no NVMLError; ValueError is a name that is no UTF-8
        self.all: tuple[type[Exception], ...] = (nvml.NVMLError, nvml.NVMLLibraryMismatchError, ValueError)

    def asked(self, question: Callable[[], T]) -> T | None:
        """Return the answer, or None where this card or driver has none.

        Raises:
            one of `lost`: the card does not answer any more.
            one of `gone`: the driver does not.
        """
        try:
            return question()
        except (*self.gone, *self.lost):
            raise
        except self.all:
            return None


def within(value: N | None, low: N, high: N) -> N | None:
    """Return the value; None for what cannot be, which some drivers say instead of nothing."""
    return value if value is not None and low <= value <= high else None
