"""What the reader's process and the exporter's say to one another through pipes: a byte asks, a pickle with its length answers.

Both are the same program of the same user, so that a pickle is as good as the program itself.
"""

import os
import pickle
import select
import time

from shiva_exporters.gpu.source import GpuReadError, NoDriverError, Reading

LENGTH_BYTES = 8

Answer = Reading | NoDriverError | GpuReadError


def asked(questions: int) -> bool:
    """Wait for a question; False when nobody will ask any more."""
    return os.read(questions, 1) != b""


def tell(answers: int, answer: Answer) -> None:
    """Write an answer."""
    told = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    with os.fdopen(answers, "wb", closefd=False) as file:
        file.write(len(told).to_bytes(LENGTH_BYTES, "big") + told)


def ask(questions: int, answers: int, *, seconds: float) -> Answer:
    """Return the answer to one question.

    Raises:
        TimeoutError: it did not come within `seconds`.
        OSError, EOFError: nobody is there to answer.
    """
    os.write(questions, b"?")
    deadline = time.monotonic() + seconds
    length = int.from_bytes(_received(answers, LENGTH_BYTES, deadline), "big")
    told: Answer = pickle.loads(_received(answers, length, deadline))  # noqa: S301  # see above
    return told


def _received(answers: int, length: int, deadline: float) -> bytes:
    data = b""
    poll = select.poll()
    poll.register(answers, select.POLLIN)
    while len(data) < length:
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise TimeoutError
        more = os.read(answers, length - len(data))
        if not more:
            raise EOFError
        data += more
    return data
