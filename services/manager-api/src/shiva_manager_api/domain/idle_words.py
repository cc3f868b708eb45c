"""What people read about an idle container: what happens when, what is safe, what to do. Pure."""

from datetime import timedelta

KEPT = {
    "exempt": "Your container is kept: the rule for idle containers does not concern it.",
    "extended": "Your container is kept, as you asked. Its files and memory are untouched; there is nothing to do.",
    "grace": "Your container has just started and is kept; there is nothing to do.",
    "gpu_busy": "Your container is kept: its GPU works.",
    "jupyter_busy": "Your container is kept: a kernel, a terminal or a program that you left running works.",
    "start_unknown": "Your container is kept: it is not known when it started. If that lasts, tell an admin.",
    "gpu_unknown": "Your container is kept: it is not known what its GPU does. If that lasts, tell an admin.",
    "jupyter_unknown": "Your container is kept: its Jupyter does not say what its kernels do. If that lasts, tell an admin.",
    "access_unknown": "Your container is kept: it is not known when it was last used. If that lasts, tell an admin.",
    "in_use": "Your container is kept: it was used lately.",
    "held_back": "Your container is idle and due to end, but many others ended within the hour, so it is kept for now. "
    "Use it to keep it longer.",
}
NOT_WATCHED = "It is not known now whether your container is idle: nobody looks. Nothing ends it meanwhile."
SAFE = "Files in your home folder are safe; what is only in the memory of a notebook is lost"


def spoken(span: timedelta) -> str:
    """Return "45 min", "2 h" or "1 h 45 min": whole minutes, rounded down, never below zero."""
    hours, minutes = divmod(max(0, int(span.total_seconds())) // 60, 60)
    return " ".join(part for part, there in ((f"{hours} h", hours), (f"{minutes} min", minutes or not hours)) if there)


def held(gpus: int) -> str:
    """Return how a sentence goes on about the GPUs that an idle container holds."""
    return f" and holds {gpus} GPU{'' if gpus == 1 else 's'} that others could use" if gpus else ""


def warning(name: str, *, gpus: int, idle: timedelta, left: timedelta, extension: timedelta) -> str:
    """Return the sentences of a warning; `left` is the time to the end, `extension` what a person may ask for."""
    return (
        f"Your container {name} has been idle for {spoken(idle)}{held(gpus)}. It ends in {spoken(left)} if it stays so. "
        f"{SAFE}. To keep it, use it, or ask for {spoken(extension)} more."
    )


def ending(name: str, *, gpus: int, idle: timedelta) -> str:
    """Return the sentences of an end."""
    return (
        f"Your container {name} ends now: it has been idle for {spoken(idle)}{held(gpus)}, and you were warned twice. "
        f"{SAFE}. Start it again when you need it: same image, same files."
    )
