"""The page's files: read once, and sent with headers that let nothing else in."""

from __future__ import annotations

from importlib.resources import files

from starlette.responses import Response

__all__ = ["HEADERS", "NAMES", "file_response"]

_TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
_FILES = {
    entry.name: entry.read_bytes()
    for entry in files("loopline.dashboard").joinpath("static").iterdir()
    if entry.name.rpartition(".")[2] in _TYPES
}
NAMES = frozenset(_FILES)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""What every answer has, whatever it is."""


def file_response(name: str, status: int = 200) -> Response:
    """Return one of the files.

    Args:
        name: Its name, one of NAMES.
        status: The answer's status.
    """
    return Response(_FILES[name], status, media_type=_TYPES[name.rpartition(".")[2]])
