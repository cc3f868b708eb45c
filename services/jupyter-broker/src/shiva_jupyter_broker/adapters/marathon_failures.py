"""How a task came to its end, in a sentence that its owner can act on. Pure."""

import re

from shiva_jupyter_broker.adapters.marathon_app import ENDED, App
from shiva_jupyter_broker.adapters.marathon_json import members, text

FINISHED = "finished"  # exit status 0, which Marathon does not note as a failure
ASKED = "asked"  # the broker itself ended it, and keeps it to be seen
REPLACED = "replaced"  # Marathon had begun another task in its place
SAFE = "The files in the home are safe"
AGAIN = f"{SAFE}; start it again."
TELL = f"{SAFE}; tell an operator, who finds the cause in the lines below."

BY_CODE = {
    FINISHED: f"Jupyter was shut down (exit status 0), from within or with its machine's Docker. {AGAIN}",
    ASKED: f"It was ended. {AGAIN}",
    REPLACED: f"It was ended from outside Shiva, or took longer to start than Marathon waits. {AGAIN}",
}
BY_STATE = {
    "TASK_ERROR": "Mesos refused it: {message}. Nothing was started, and {safe}; tell an operator.",
    "TASK_LOST": "{machine} was lost while it ran there. {again}",
    "TASK_GONE": "{machine} was lost while it ran there. {again}",
    "TASK_GONE_BY_OPERATOR": "An operator removed {machine} while it ran there. {again}",
    "TASK_DROPPED": "{machine} did not take it. {again}",
}
# What Mesos says → what people read; the first that matches.
BY_MESSAGE = (
    (
        re.compile(r"not register|registration time", re.IGNORECASE),
        "{machine} did not start it in the time that Mesos allows, most often because its image is large. {safe_}; start it again in a few minutes, when the image is there.",
    ),
    (
        re.compile(r"\bpull\b|manifest unknown|no such image|image .*not found", re.IGNORECASE),
        "{machine} cannot fetch the image {image}. {safe_}; choose another image, or tell an operator.",
    ),
    (
        re.compile(r"memory limit exceeded|oom", re.IGNORECASE),
        "It used all of its memory ({memory}) and was killed. {safe_}; start it again and load less at once.",
    ),
)
BY_STATUS = {
    125: "Docker on {machine} did not start it, or was restarted while it ran. {safe_}; start it again, and tell an operator if that fails too.",
    126: "The image {image} cannot be run: its start command is no program. {tell}",
    127: "The image {image} cannot be run: its start command is missing. {tell}",
    137: "It was killed, most often because its memory ({memory}) was full. {safe_}; start it again and load less at once.",
    143: "It was stopped from outside Shiva. {again}",
}


def sentence(app: App, *, machine: str, memory_bytes: int) -> str:
    """Return why the only task of `app` ended."""
    failure = members(app, "lastTaskFailure")
    code = text(members(app, "labels"), ENDED)
    if code in BY_CODE and not (failure and code == REPLACED):
        return BY_CODE[code]
    message = text(failure, "message")
    return _pattern(text(failure, "state") or code, message).format(
        machine=machine,
        image=text(members(members(app, "container"), "docker"), "image"),
        memory=f"{memory_bytes / 2**30:.1f} GiB",
        message=message.rstrip(". ") or "it gives no reason",
        again=AGAIN,
        tell=TELL,
        safe=SAFE[0].lower() + SAFE[1:],
        safe_=SAFE,
    )


def _pattern(state: str, message: str) -> str:
    if state in BY_STATE:
        return BY_STATE[state]
    for known, pattern in BY_MESSAGE:
        if known.search(message):
            return pattern
    status = re.search(r"exited with status (\d+)", message)
    if status is None:
        return "Jupyter ended by itself. {again}"
    return BY_STATUS.get(int(status[1]), f"Jupyter ended with exit status {status[1]}. {{again}}")
