"""Which language a person reads: the one chosen on the dashboard, else the first of ours that the browser asks for. Pure."""

from shiva_jupyter_proxy.domain.cookies import own_cookie
from shiva_jupyter_proxy.domain.messages import RequestHead

ENGLISH = "en"
LANGUAGES = (ENGLISH, "ja", "zh-CN")
COOKIE = "shiva-language"  # the dashboard sets it
OURS = {language.partition("-")[0]: language for language in LANGUAGES}


def language_of(chosen: str | None, accepted: str | None) -> str:
    """Return one of LANGUAGES; `chosen` is the cookie's value, `accepted` the header Accept-Language."""
    if chosen in LANGUAGES:
        return chosen
    asked = [_weighed(part) for part in (accepted or "").split(",")]
    for _, primary in sorted(asked, key=lambda each: -each[0]):
        if primary in OURS:
            return OURS[primary]
    return ENGLISH


def language_for(head: RequestHead) -> str:
    """Return the language of who sent a request."""
    return language_of(own_cookie(head, COOKIE), head.value("accept-language"))


def _weighed(part: str) -> tuple[float, str]:
    tag, _, weight = part.partition(";")
    try:
        quality = float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        quality = 0.0
    return quality, tag.strip().lower().partition("-")[0]
