"""Which GPU must not be given out because it misbehaves, and the sentence for it. Pure.

Nobody decides to end a quarantine: it ends when the cause is gone. What nobody told is no cause, and no word of health either.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

DAY_SECONDS = 86400.0

# NVIDIA's codes for errors after which nothing on the card can be trusted; the others are a program's own mistakes.
CRITICAL_XIDS: Mapping[int, str] = {
    48: "memory error that could not be corrected",
    62: "halt of its own controller",
    64: "bad memory that could not be set aside",
    74: "error of the link between the cards",
    79: "card that fell off the bus",
    95: "memory error that was not contained",
    119: "system processor that does not answer",
    120: "error of its system processor",
    140: "memory error that was not repaired",
    143: "card that could not be initialised",
}
RECOVERIES: Mapping[int, str] = {1: "reset the GPU", 2: "reboot the machine"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuHealth:
    """What is known of a card's health. None: nobody told."""

    asked_at: float  # seconds since 1970, as the others
    booted_at: float | None = None
    up: bool | None = None
    xids: Mapping[int, float] = field(default_factory=dict)  # code → when it came last
    uncorrected_errors: int | None = None  # since the driver was loaded
    row_remap_pending: bool | None = None
    row_remap_failure: bool | None = None
    recovery_action: int | None = None


def quarantine(health: GpuHealth) -> str | None:
    """Return why the card must not be given out, the gravest cause first; None: no cause is known."""
    if health.up is False:
        return _words(
            "The driver lost this GPU.", "Reboot the machine, or seat the card anew.", "the driver reaches it again"
        )
    return _xid(health) or _told(health)


def _xid(health: GpuHealth) -> str | None:
    since = health.asked_at - DAY_SECONDS if health.booted_at is None else health.booted_at
    recent = {code: at for code, at in health.xids.items() if code in CRITICAL_XIDS and at > since}
    if not recent:
        return None
    code = max(recent, key=lambda each: (recent[each], each))
    happened = f"The driver reported XID {code}, {_article(CRITICAL_XIDS[code])}{_on(recent[code])}."
    ends = (
        "the machine has rebooted" if health.booted_at is not None else "a day has passed or the machine has rebooted"
    )
    return _words(happened, "Reboot the machine.", ends)


def _on(at: float) -> str:
    """Return a time for people, or nothing for one that no calendar has."""
    try:
        return f", on {datetime.fromtimestamp(at, UTC):%Y-%m-%d at %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return ""


def _article(what: str) -> str:
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"


def _told(health: GpuHealth) -> str | None:
    if health.row_remap_failure:
        return _words(
            "This GPU could not replace bad memory.", "Have the card replaced.", "the driver no longer says so"
        )
    if health.recovery_action:
        todo = RECOVERIES.get(health.recovery_action, "end what runs there, then reset the GPU")
        return _words(f"The driver asks to {todo}.", f"{todo[0].upper()}{todo[1:]}.", "the driver no longer asks")
    if health.row_remap_pending:
        return _words("This GPU has bad memory to replace.", "Reset the GPU or reboot the machine.", "that is done")
    if health.uncorrected_errors:
        counted = f"Memory errors of this GPU that could not be corrected: {health.uncorrected_errors}."
        return _words(counted, "Reset the GPU or reboot the machine.", "that is done")
    return None  # fmt: skip


def unlisted() -> str:
    """Return the sentence for a card of the inventory of which a driver that was asked says nothing."""
    return _words(
        "The driver does not tell of this GPU.",
        "Look into the kernel's log, then reboot the machine.",
        "it tells of it again",
    )


def _words(happened: str, todo: str, ends: str) -> str:
    return (
        f"{happened} Homes and files are safe; what is computed on it may fail or be wrong. "
        f"For an admin: {todo} It is given out again when {ends}."
    )
