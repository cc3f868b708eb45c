"""One question to the driver, one verdict: an answer, none, or the end of this card or of this round."""

from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
N = TypeVar("N", int, float)

OTHER = "other"  # in place of NVML's code: the binding could not use the answer


class Asking:
    """Sorts the errors of a pynvml. Whatever is neither lost nor gone concerns the one question only."""

    def __init__(self, nvml: Any) -> None:
        """`nvml` has pynvml's functions and errors."""
        self.nvml = nvml
        self.absent: tuple[type[Exception], ...] = (nvml.NVMLError_LibraryNotFound, nvml.NVMLError_DriverNotLoaded)
        self.gone = (*self.absent, nvml.NVMLError_Uninitialized, nvml.NVMLError_LibRmVersionMismatch)
        self.lost = (nvml.NVMLError_GpuIsLost, nvml.NVMLError_ResetRequired, nvml.NVMLError_GpuNotFound)
        self.nothing: type[Exception] = nvml.NVMLError_NotFound
        self.unsupported: tuple[type[Exception], ...] = (
            nvml.NVMLError_NotSupported,
            nvml.NVMLError_FunctionNotFound,
            nvml.NVMLError_InvalidArgument,  # of an older driver, for what it does not know yet
            nvml.NVMLError_Deprecated,
        )
        # NVMLLibraryMismatchError is no NVMLError; ValueError is a name that is no UTF-8
        self.all: tuple[type[Exception], ...] = (nvml.NVMLError, nvml.NVMLLibraryMismatchError, ValueError)
        self.errors: Counter[tuple[str, str]] = Counter()  # by call and code; what a card does not support is none

    def must(self, call: str, *arguments: object) -> Any:
        """Return what a function of the library says; raises and counts its error."""
        try:
            return getattr(self.nvml, call)(*arguments)
        except self.all as error:
            self.failed(call, error)
            raise

    def failed(self, call: str, error: Exception) -> None:
        """Count an error."""
        self.errors[call, str(getattr(error, "value", OTHER))] += 1


class Questions:
    """The questions to one card or MIG device; what it does not support is asked once."""

    def __init__(self, asking: Asking, handle: Any) -> None:
        """`handle` is the library's for it."""
        self.handle = handle
        self.asking = asking
        self._unsupported: set[tuple[object, ...]] = set()

    def ask(self, call: str, *arguments: object, **named: object) -> Any:
        """Return what a function of the library says of the card, or None where card or driver have no answer.

        Raises:
            one of `Asking.lost`: the card does not answer any more.
            one of `Asking.gone`: the driver does not.
        """
        function = getattr(self.asking.nvml, call)
        return self.asked((call, *arguments, *named), lambda: function(self.handle, *arguments, **named))

    def newest(self, *calls: str) -> Any:
        """Return the answer of the first of these functions that this card and driver have; raises as `ask` does."""
        answers = (self.ask(call) for call in calls)
        return next((answer for answer in answers if answer is not None), None)

    def lacks(self, *key: object) -> bool:
        """Whether card or driver do not support what was asked."""
        return key in self._unsupported

    def field(self, number: int) -> float | None:
        """Return one of NVML's numbered values; raises as `ask` does."""
        nvml = self.asking.nvml

        def question() -> float:
            [field] = nvml.nvmlDeviceGetFieldValues(self.handle, [number])
            if field.nvmlReturn:
                raise nvml.NVMLError(field.nvmlReturn)
            members = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")  # in the order of NVML's types
            if field.valueType >= len(members):
                raise ValueError(field.valueType)
            return float(getattr(field.value, members[field.valueType]))

        return self.asked(("nvmlDeviceGetFieldValues", number), question)

    def asked(self, key: tuple[object, ...], question: Callable[[], T]) -> T | None:
        """Return the answer to a question, whose key begins with the function's name; as `ask` does."""
        if key in self._unsupported:
            return None
        try:
            return question()
        except self.asking.unsupported:
            self._unsupported.add(key)
            return None
        except self.asking.nothing:
            return None
        except self.asking.all as error:
            self.asking.failed(str(key[0]), error)
            if isinstance(error, (*self.asking.gone, *self.asking.lost)):
                raise
            return None


def within(value: N | None, low: float, high: float) -> N | None:
    """Return the value; None for what cannot be, which some drivers say instead of nothing."""
    return value if value is not None and low <= value <= high else None
