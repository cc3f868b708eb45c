"""What the door says itself: pages for people, problems for programs, ways to another host."""

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

from shiva_common.problems import CONTENT_TYPE, problem

from shiva_jupyter_proxy.domain.absence import Notice
from shiva_jupyter_proxy.domain.language import language_for
from shiva_jupyter_proxy.domain.messages import Headers, Reply, RequestHead
from shiva_jupyter_proxy.domain.ports import Notices, Person


class Answers:
    """Puts answers into words."""

    def __init__(self, notices: Notices, page_headers: Headers) -> None:
        """Every page has `page_headers`."""
        self._notices = notices
        self._page_headers = page_headers

    def notice(self, head: RequestHead, notice: Notice, person: Person, csrf_token: str) -> Reply:
        """Return a page for people and a problem for programs, and for who opens a socket."""
        if not head.wants_page:
            return refusal(notice.status, notice.code, notice.title, notice.detail, notice.facts)
        facts = notice.on_page(person, wanted=head.target, csrf_token=csrf_token)
        body = self._notices.page(notice.code, language_for(head), **facts)
        content = [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store")]
        return Reply(status=notice.status, headers=content + self._page_headers + _retry(notice.status), body=body)


def refusal(
    status: int,
    code: str,
    title: str,
    detail: str,
    facts: Mapping[str, str | int] | None = None,
    *,
    retry_after: int = 2,
) -> Reply:
    """Return a problem; a fact that is not known is null. `retry_after` is in seconds, where trying again helps."""
    parameters = {key: value or None for key, value in (facts or {}).items()}
    body = json.dumps(problem(status, code, title, detail, parameters)).encode()
    content = [("content-type", CONTENT_TYPE), ("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
    return Reply(status=status, headers=content + _retry(status, retry_after), body=body)


def too_many(wait: float) -> Reply:
    """Return the refusal of an address that tries too often; the next try is let through after `wait` seconds."""
    seconds = math.ceil(wait)
    return refusal(
        429,
        "too-many-requests",
        "You ask too often",
        f"Nothing was changed. Try again in {seconds} seconds.",
        {"seconds": seconds},
        retry_after=seconds,
    )


def not_logged_in(head: RequestHead) -> Reply:
    """Send people to the login page; tell programs."""
    if head.wants_page:
        return Reply(status=302, headers=[("location", f"/-/login?next={quote(head.target, safe='')}")])
    return NOT_LOGGED_IN


def redirect(where: str, *more: tuple[str, str]) -> Reply:
    """Return the way to another host, which nobody keeps and no further host is told."""
    own = [("location", where), ("cache-control", "no-store"), ("referrer-policy", "no-referrer")]
    return Reply(status=302, headers=[*own, *more])


def always(reply: Reply) -> Callable[[RequestHead], Awaitable[Reply]]:
    """Return what gives the same answer to everybody."""

    async def away(head: RequestHead) -> Reply:
        del head
        return reply

    return away


def _retry(status: int, seconds: int = 2) -> Headers:
    return [("retry-after", str(seconds))] if status in {429, 503} else []


CROSS_SITE = refusal(
    403,
    "cross-site",
    "That came from another page",
    "Nothing was changed. Do it from Shiva's own page; a program uses an API token.",
)
NOT_LOGGED_IN = refusal(
    401, "not-logged-in", "You are not logged in", "Your notebooks go on running. Log in again at /-/login."
)
