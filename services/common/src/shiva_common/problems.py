"""RFC 9457 problem bodies as plain dicts.

`code` is stable: programs and translations depend on it. `title` says what happened, `detail` whose data is safe and what
to do now; `parameters` carries the facts that a translated sentence needs.
"""

from collections.abc import Mapping

CONTENT_TYPE = "application/problem+json"


def problem(
    status: int, code: str, title: str, detail: str, parameters: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return the body of an error answer, with `type` derived from `code`."""
    return {
        "type": f"urn:shiva:problem:{code}",
        "status": status,
        "code": code,
        "title": title,
        "detail": detail,
        "parameters": dict(parameters or {}),
    }
