"""What the door says itself: pages for people, problems for programs, ways to another host."""

import json
from collections.abc import Awaitable, Callable

from shiva_common.problems import CONTENT_TYPE, problem

from shiva_jupyter_proxy.domain.absence import Notice
from shiva_jupyter_proxy.domain.messages import Headers, Reply, RequestHead
from shiva_jupyter_proxy.domain.ports import Notices, Person


class Answers:
    """Puts answers into words."""

    def __init__(self, notices: Notices, page_headers: Headers) -> None:
        """Every page has `page_headers`."""
        self._notices = notices
        self._page_headers = page_headers

    def notice(self, head: RequestHead, notice: Notice, person: Person) -> Reply:
        """Return a page for people and a problem for programs, and for who opens a socket."""
        if not head.wants_page:
            return refusal(notice.status, notice.code, notice.title, notice.detail, notice.facts)
        body = self._notices.page(notice.code, **notice.on_page(person, wanted=head.target))
        content = [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store")]
        return Reply(status=notice.status, headers=content + self._page_headers + _retry(notice.status), body=body)


def refusal(status: int, code: str, title: str, detail: str, facts: dict[str, str] | None = None) -> Reply:
    """Return a problem; a fact that is not known is null."""
    parameters = {key: value or None for key, value in (facts or {}).items()}
    body = json.dumps(problem(status, code, title, detail, parameters)).encode()
    content = [("content-type", CONTENT_TYPE), ("cache-control", "no-store"), ("x-content-type-options", "nosniff")]
    return Reply(status=status, headers=content + _retry(status), body=body)


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


def _retry(status: int) -> Headers:
    return [("retry-after", "2")] if status == 503 else []
