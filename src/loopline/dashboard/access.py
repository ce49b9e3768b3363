"""Who may see the dashboard: whoever is on this machine and has the token, or whom the application lets in."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from loopline.errors import ConfigurationError

__all__ = ["SHORTEST_TOKEN", "TOKEN_VARIABLE", "Token", "is_local", "is_same_origin", "new_token", "refusal"]

TOKEN_VARIABLE = "LOOPLINE_DASHBOARD_TOKEN"  # noqa: S105 - where it is, not what
SHORTEST_TOKEN = 16  # characters
MOST_BYTES = 4096  # of a request's body
LOCAL_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?")
# Whoever sends one of these is a proxy, and who is behind it is not known to be on this machine.
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def new_token() -> str:
    """Return the token that the environment gives, or a new one of 256 bits.

    Raises:
        ConfigurationError: If the one of the environment is too short to be secret.
    """
    given = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(32)
    if len(given) < SHORTEST_TOKEN:
        raise ConfigurationError(f"{TOKEN_VARIABLE}: a token needs at least {SHORTEST_TOKEN} characters")
    return given


class Token:
    """What opens the dashboard, and the cookie that is given for it.

    Args:
        token: The token. The cookie does not hold it, and it can't be found from the cookie.
    """

    def __init__(self, token: str) -> None:
        key = token.encode()
        self._token = key
        self._session = hmac.new(key, b"loopline dashboard session", hashlib.sha256).hexdigest()
        # Ports share their cookies: each dashboard has a name of its own.
        self._name = "loopline_" + hmac.new(key, b"loopline dashboard name", hashlib.sha256).hexdigest()[:8]

    def is_right(self, given: str) -> bool:
        """Whether somebody knows the token."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._token)

    def admits(self, headers: Headers) -> bool:
        """Whether a request has the cookie."""
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._name)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self._session.encode())

    def cookie(self, path: str, *, secure: bool) -> str:
        """Return the header that gives the cookie.

        Args:
            path: Where it is sent to.
            secure: Whether only over HTTPS.
        """
        end = "; Secure" if secure else ""
        return f"{self._name}={self._session}; Path={path}; HttpOnly; SameSite=Strict{end}"


def is_local(scope: Scope) -> bool:
    """Whether a request comes from this machine, straight, and was meant for it by name.

    A page elsewhere whose name is made to lead here (DNS rebinding) still has that name in its Host.
    """
    client = scope.get("client")
    headers = Headers(scope=scope)
    if client is None or any(name in headers for name in FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback and (LOCAL_HOST.fullmatch(headers.get("host", "").lower()) is not None)


def is_same_origin(headers: Headers) -> bool:
    """Whether a request that does something comes from the dashboard's own page, and its browser says so."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host") and headers.get("sec-fetch-site", "same-origin") == (
            "same-origin"
        )
    return headers.get("sec-fetch-site") == "same-origin"


def refusal(scope: Scope, *, local: bool) -> tuple[int, str] | None:
    """Return with which status and for what reason a request is refused, whoever it is from; None if it is not.

    Args:
        scope: Its scope.
        local: Whether it must come from this machine.
    """
    headers = Headers(scope=scope)
    if local and not is_local(scope):
        return 403, (
            "The dashboard answers on this machine only: open it at http://localhost or http://127.0.0.1, not through "
            "a proxy. For others, give Dashboard(authorize=…) a dependency that says who may see it."
        )
    if scope["method"] == "POST":
        if not is_same_origin(headers):
            return 403, "What the dashboard does is asked for by its own page alone."
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return 415, "Send JSON."
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return 413, f"Send {MOST_BYTES} bytes at most, and say how many."
    elif scope["method"] not in ("GET", "HEAD"):
        return 405, "There is only GET and POST."
    elif headers.get("sec-fetch-site", "none") not in ("same-origin", "none") and (
        headers.get("sec-fetch-mode") != "navigate"
    ):
        return 403, "The dashboard is read by its own page alone."
    return None
