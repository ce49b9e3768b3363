"""HttpClient: one shared HTTP client whose failures answer the request they meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeAlias, TypedDict, Unpack

from anyio.to_thread import run_sync

from loopline import _tracer
from loopline._tracer import NO_SPAN, Span, Value
from loopline.errors import ConfigurationError, MissingExtra, UpstreamError, UpstreamTimeout

try:
    import httpx2
except ModuleNotFoundError as error:
    raise MissingExtra("httpx2", "standard") from error

__all__ = ["HttpClient", "RequestOptions"]

_Plain: TypeAlias = str | int | float | bool | None


class RequestOptions(TypedDict, total=False):
    """What ``get`` and its siblings take besides the URL; ``HttpClient.request`` says what each means."""

    params: Mapping[str, _Plain | Sequence[_Plain]] | None
    headers: Mapping[str, str] | None
    content: str | bytes | AsyncIterable[bytes] | None
    data: Mapping[str, Any] | None
    json: Any
    allow_status: Collection[int]


class HttpClient:
    """One ``httpx2.AsyncClient`` for the whole application, with limits, whose failures are 504 and 502.

    A resource for ``lifespan(...)``, or ``async with``; it can be started again once closed. Redirects are not
    followed and cookies are not kept: the client serves many users at once, and the one must not send what was
    set for the other.

    Args:
        base_url: What a relative URL is appended to.
        timeout: Seconds that a call may take from its start to the last byte of the answer, the wait for a free
            connection included.
        max_connections: How many connections may be open at once; further calls wait.
        max_response_bytes: How large an answer may be, in bytes once decompressed. It is cut off beyond that.
        headers: Headers sent with every call.
        transport: What carries the calls instead of the network, such as ``httpx2.MockTransport`` in a test. It
            sets its own limit of connections.

    Raises:
        ConfigurationError: If an argument can't work.
    """

    def __init__(
        self,
        *,
        base_url: str = "",
        timeout: float = 5.0,
        max_connections: int = 100,
        max_response_bytes: int = 10_000_000,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        if not timeout > 0:
            raise ConfigurationError(f"timeout={timeout} leaves no time. Write seconds above 0.")
        if max_connections < 1:
            raise ConfigurationError(f"max_connections={max_connections} lets no call through. Write 1 or more.")
        if max_response_bytes < 1:
            raise ConfigurationError(f"max_response_bytes={max_response_bytes} lets no answer in. Write 1 or more.")
        if base_url:
            with _valid_url("base_url"):
                parsed = httpx2.URL(base_url)
            _require_http(parsed, "base_url")
        self._base_url = base_url
        self._timeout = timeout
        self._max_connections = max_connections
        self._max_response_bytes = max_response_bytes
        self._headers = headers
        self._transport = transport
        self._client: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        """Open the client."""
        if self._client is not None:
            raise ConfigurationError("This HttpClient is open already. Give it to one lifespan(...) only.")
        self._client = await run_sync(self._make)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the client."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close every connection. Closing twice is harmless."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _make(self) -> httpx2.AsyncClient:
        """Make the client, in a thread: it reads the certificates of this machine, which takes up to 200 ms."""
        return httpx2.AsyncClient(
            base_url=self._base_url,
            timeout=self._timeout,
            limits=httpx2.Limits(
                max_connections=self._max_connections, max_keepalive_connections=self._max_connections
            ),
            headers=self._headers,
            # A jar that accepts nothing: see the class.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            transport=self._transport,
        )

    @property
    def client(self) -> httpx2.AsyncClient:
        """The ``httpx2.AsyncClient`` itself, for what this class does not offer; its errors are httpx2's own.

        Raises:
            ConfigurationError: If the client has not started or is closed.
        """
        if self._client is None:
            raise ConfigurationError(
                "This HttpClient is not open. Give it to lifespan(...), or use it inside `async with http:`."
            )
        return self._client

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, _Plain | Sequence[_Plain]] | None = None,
        headers: Mapping[str, str] | None = None,
        content: str | bytes | AsyncIterable[bytes] | None = None,
        data: Mapping[str, Any] | None = None,
        json: Any = None,
        allow_status: Collection[int] = (),
    ) -> httpx2.Response:
        """Send a request and read the whole answer.

        Args:
            method: ``"GET"``, ``"POST"``, ...
            url: An absolute URL, or one relative to ``base_url``.
            params: The query; a sequence repeats its key. It replaces a query in ``url``.
            headers: Headers beside those of the client.
            content: The body as it is.
            data: The body as a form.
            json: The body as JSON.
            allow_status: Statuses of 400 and above that are answers, not failures.

        Returns:
            The answer, fully read; a redirect is an answer too.

        Raises:
            UpstreamTimeout: If the answer was not complete in time, or no connection became free.
            UpstreamError: If the other service could not be reached, broke off, answered with too large a body, or
                with a status of 400 or above that is not in ``allow_status``.
            ConfigurationError: If the client is not open, the URL is none or not HTTP, or there are two bodies.
        """
        client = self.client
        if sum(body is not None for body in (content, data, json)) > 1:
            raise ConfigurationError("A request has one body. Give one of content, data and json.")
        with _valid_url("url"):
            # `params={}` would make httpx2 drop the query that the URL has.
            request = client.build_request(
                method, url, params=params or None, headers=headers, content=content, data=data, json=json
            )
        _require_http(request.url, "url")
        call = f"{request.method} {_shown(request.url)}"
        with _span_of(request) as span:
            response = await self._answer(client, request, call)
            span.set("http.response.status_code", response.status_code)
            if response.status_code >= 400 and response.status_code not in allow_status:
                raise UpstreamError(f"{call} answered {response.status_code}", response.status_code)
        return response

    async def get(self, url: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """``request("GET", ...)``."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """``request("POST", ...)``."""
        return await self.request("POST", url, **options)

    async def put(self, url: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """``request("PUT", ...)``."""
        return await self.request("PUT", url, **options)

    async def patch(self, url: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """``request("PATCH", ...)``."""
        return await self.request("PATCH", url, **options)

    async def delete(self, url: str, **options: Unpack[RequestOptions]) -> httpx2.Response:
        """``request("DELETE", ...)``."""
        return await self.request("DELETE", url, **options)

    async def get_json(self, url: str, **options: Unpack[RequestOptions]) -> Any:
        """``get`` whose answer is parsed as JSON.

        Returns:
            What the JSON says.

        Raises:
            UpstreamError: As ``request`` does; and if the answer is a redirect or its body is not JSON.
            UpstreamTimeout: As ``request`` does.
        """
        response = await self.get(url, **options)
        call = f"GET {_shown(response.request.url)}"
        if response.is_redirect:
            raise UpstreamError(f"{call} answered {response.status_code}, a redirect", response.status_code)
        try:
            return response.json()
        except (ValueError, RecursionError) as error:
            raise UpstreamError(f"{call} answered with what is not JSON", response.status_code) from error

    async def _answer(self, client: httpx2.AsyncClient, request: httpx2.Request, call: str) -> httpx2.Response:
        if _tracer.active is not None:
            request.headers.update(_tracer.active.headers())
        try:
            async with asyncio.timeout(self._timeout) as deadline:
                return await self._exchange(client, request, call)
        except TimeoutError as error:
            if not deadline.expired():
                raise  # the request's own body raised it
            raise UpstreamTimeout(f"{call} took longer than {self._timeout:g} s") from error
        except httpx2.TimeoutException as error:
            raise UpstreamTimeout(f"{call} took longer than {self._timeout:g} s ({type(error).__name__})") from error
        except httpx2.RequestError as error:
            raise UpstreamError(f"{call} failed ({type(error).__name__})") from error

    async def _exchange(self, client: httpx2.AsyncClient, request: httpx2.Request, call: str) -> httpx2.Response:
        started = monotonic()
        response = await client.send(request, stream=True)
        body = bytearray()
        async with aclosing(response), aclosing(response.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > self._max_response_bytes:
                    raise UpstreamError(
                        f"{call} answered with more than {self._max_response_bytes} bytes", response.status_code
                    )
        whole = _with_body(response, bytes(body))
        whole.elapsed = timedelta(seconds=monotonic() - started)
        return whole


def _span_of(request: httpx2.Request) -> Span:
    """Begin the span of a request, as OpenTelemetry's conventions want it, without the URL: that may tell anything."""
    if _tracer.active is None:
        return NO_SPAN
    url = request.url
    attributes: dict[str, Value] = {
        "http.request.method": request.method,
        "server.address": url.host,
        "server.port": url.port or (443 if url.scheme == "https" else 80),
    }
    return _tracer.active.span(request.method, attributes, "client")


def _with_body(response: httpx2.Response, body: bytes) -> httpx2.Response:
    """The same response, read: httpx2 has no public way to put a body that was streamed back in."""
    headers = response.headers.copy()
    if "content-encoding" in headers:
        # The body is decoded already.
        del headers["content-encoding"]
        headers.pop("content-length", None)
    whole = httpx2.Response(
        response.status_code,
        headers=headers,
        stream=httpx2.ByteStream(body),
        request=response.request,
        extensions=response.extensions,
    )
    whole.next_request = response.next_request
    whole.read()
    return whole


@contextmanager
def _valid_url(argument: str) -> Iterator[None]:
    try:
        yield
    except httpx2.InvalidURL:
        # Its text may quote a part of a password: it is neither repeated nor chained.
        raise ConfigurationError(
            f"{argument} is no URL. Quote what you put into it with urllib.parse.quote, and give the query as params."
        ) from None


def _require_http(url: httpx2.URL, argument: str) -> None:
    if url.scheme not in ("http", "https") or not url.host or (url.port or 0) > 65535:
        raise ConfigurationError(
            f"{argument} is not an http:// or https:// URL. Write it absolute, or give HttpClient a base_url."
        )


def _shown(url: httpx2.URL) -> str:
    """The URL as the log may see it: without user, password, query and fragment; still quoted, so on one line."""
    path = url.raw_path.partition(b"?")[0]
    return f"{url.scheme}://{url.netloc.decode('ascii')}{path.decode('ascii')}"
