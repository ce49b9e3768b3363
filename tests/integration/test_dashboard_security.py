"""Who may see the dashboard, who may do something there, and what is never shown: an attack each."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Header, HTTPException
from httpx2 import ASGITransport, AsyncClient, Response
from pydantic import BaseModel, PlainSerializer, SecretStr
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from loopline import ConfigurationError, Dashboard, Database, JobQueue, Retry, Watch
from loopline.dashboard.access import TOKEN_VARIABLE
from loopline.dashboard.mounted import mount, prepare

pytestmark = pytest.mark.anyio

TOKEN = "a token for tests, long enough"
HERE = "http://localhost:8000"
OWN_PAGE = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
DATA = ["events", "jobs", "jobs/names", "jobs/1", "jobs?state=available"]
ACTIONS = [("jobs/retry", {"id": 1}), ("jobs/cancel", {"id": 1}), ("queues/pause", {"queue": "default"})]
ACTIONS += [("queues/resume", {"queue": "default"})]


class Card(BaseModel):
    """Something with a secret inside."""

    holder: str
    pin: Annotated[SecretStr, PlainSerializer(SecretStr.get_secret_value, return_type=str)]


@asynccontextmanager
async def shop(url: str) -> AsyncIterator[tuple[FastAPI, JobQueue]]:
    """An application with a few jobs, one of which has failed."""
    db = Database(url)
    jobs = JobQueue(db, poll=0.05)

    @jobs.task(name="pay", retry=Retry(attempts=1))
    async def pay(password: str, note: str, cards: list[dict[str, str]]) -> None:
        raise RuntimeError(f"refused {password} {note}")

    @jobs.task(name="typed", queue="typed")
    async def typed(card: Card, plain: str) -> None: ...

    async with db, jobs:
        await jobs.operations.pause("default")
        async with db.begin() as session:
            await pay.enqueue(session, "hunter2-correct", SCRIPT, [{"api_key": "k-12345", "name": "shown"}])
            await typed.options(delay=3600).enqueue(session, Card(holder="Ada", pin=SecretStr("9876")), "plain")
        yield FastAPI(), jobs


def as_client(app: Any, *, address: str | None = "127.0.0.1", base: str = HERE, **headers: str) -> AsyncClient:
    transport = ASGITransport(app, client=(address, 1) if address else None)  # type: ignore[arg-type] # as behind a Unix socket
    return AsyncClient(transport=transport, base_url=f"{base}/loopline/", headers=headers, timeout=60)


async def let_in(http: AsyncClient) -> AsyncClient:
    answer = await http.post("login", json={"token": TOKEN}, headers=OWN_PAGE)
    assert answer.status_code == 204, answer.text
    return http


@asynccontextmanager
async def known(app: Any, **options: Any) -> AsyncIterator[AsyncClient]:
    """A client that has given the token."""
    async with as_client(app, **options) as http:
        yield await let_in(http)


Shop = tuple[FastAPI, JobQueue]


@pytest.fixture
async def open_shop(sqlite_url: str) -> AsyncIterator[Shop]:
    async with shop(sqlite_url) as (app, jobs):
        app.mount("/loopline", Dashboard(token=TOKEN, hidden=["iban"]))
        yield app, jobs


async def states(jobs: JobQueue) -> list[str]:
    return [job.state for job in await jobs.operations.find()]


@pytest.mark.parametrize("path", DATA)
async def test_without_the_token_nothing_is_told(open_shop: Shop, path: str) -> None:
    async with as_client(open_shop[0]) as http:
        answer = await http.get(path)
    assert answer.status_code == 401
    assert answer.json().keys() == {"detail"}


async def test_without_the_token_the_page_is_a_door(open_shop: Shop) -> None:
    async with as_client(open_shop[0]) as http:
        page = await http.get("./")
        assert "Token" in page.text
        assert "jobs" not in page.text
        assert (await http.get("session")).json() == {"admitted": False}


@pytest.mark.parametrize(("path", "data"), ACTIONS)
async def test_without_the_token_nothing_is_done(open_shop: Shop, path: str, data: dict[str, Any]) -> None:
    app, jobs = open_shop
    before = await states(jobs), await jobs.operations.paused()
    async with as_client(app) as http:
        assert (await http.post(path, json=data, headers=OWN_PAGE)).status_code == 401
    assert (await states(jobs), await jobs.operations.paused()) == before


@pytest.mark.parametrize("wrong", ["", "a token for tests", TOKEN + "x", "é" * 20, None, 7, ["a"]])
async def test_a_wrong_token_opens_nothing(open_shop: Shop, wrong: Any) -> None:
    async with as_client(open_shop[0]) as http:
        answer = await http.post("login", json={"token": wrong}, headers=OWN_PAGE)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert (await http.get("jobs")).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"x"', b"null", b"\xff"])
async def test_a_token_that_is_no_json_opens_nothing(open_shop: Shop, body: bytes) -> None:
    async with as_client(open_shop[0]) as http:
        answer = await http.post("login", content=body, headers=OWN_PAGE | {"Content-Type": "application/json"})
        assert answer.status_code == 401


async def test_the_cookie_is_for_this_page_alone_and_does_not_hold_the_token(open_shop: Shop) -> None:
    async with as_client(open_shop[0]) as http:
        answer = await http.post("login", json={"token": TOKEN}, headers=OWN_PAGE)
        given = answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/loopline/"} <= set(given.split("; "))
        assert TOKEN not in given
        assert (await http.get("jobs")).status_code == 200
    secure = as_client(open_shop[0], base="https://localhost:8000")
    answer = await secure.post("login", json={"token": TOKEN}, headers={"Origin": "https://localhost:8000"})
    assert "Secure" in answer.headers["set-cookie"].split("; ")


async def test_a_cookie_of_another_server_opens_nothing(open_shop: Shop) -> None:
    other = FastAPI()
    other.mount("/loopline", Dashboard(token="the token of another server"))
    async with as_client(other) as http:
        await http.post("login", json={"token": "the token of another server"}, headers=OWN_PAGE)
        cookies = dict(http.cookies)
    assert len(cookies) == 1
    async with as_client(open_shop[0]) as http:
        (name, value) = next(iter(cookies.items()))
        mine = next(iter(dict((await let_in(as_client(open_shop[0]))).cookies)))
        assert mine != name, "ports share cookies: one server's must not push out another's"
        for cookie in (f"{name}={value}", f"{mine}={value}", f"{mine}=", mine, ";;=", f'{mine}="\\', "x" * 10_000):
            assert (await http.get("jobs", headers={"Cookie": cookie})).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "localhost.evil.example", "x.localhost", "127.0.0.1.evil.example"]
)
async def test_a_page_elsewhere_whose_name_leads_here_is_refused(open_shop: Shop, host: str) -> None:
    """DNS rebinding: the browser thinks that it asks the page's own server."""
    async with known(open_shop[0]) as http:
        for path in ("./", "jobs", "events", "static/main.js", "session"):
            assert (await http.get(path, headers={"Host": host})).status_code == 403
        origin = {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin", "Host": host}
        for path, data in (*ACTIONS, ("login", {"token": TOKEN})):
            assert (await http.post(path, json=data, headers=origin)).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000"])
async def test_the_names_of_this_machine_are_let_in(open_shop: Shop, host: str) -> None:
    async with known(open_shop[0]) as http:
        assert (await http.get("jobs", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "address", ["192.168.0.7", "10.0.0.1", "2001:db8::1", "::ffff:8.8.8.8", "testclient", "", None]
)
async def test_another_machine_is_refused_though_it_has_the_token(open_shop: Shop, address: str | None) -> None:
    cookies = (await let_in(as_client(open_shop[0]))).cookies
    async with as_client(open_shop[0], address=address) as http:
        http.cookies = cookies
        assert (await http.get("jobs")).status_code == 403
        assert (await http.post("login", json={"token": TOKEN}, headers=OWN_PAGE)).status_code == 403


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_s_addresses_are_let_in(open_shop: Shop, address: str) -> None:
    async with known(open_shop[0], address=address) as http:
        assert (await http.get("jobs")).status_code == 200


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Forwarded-Host", "Via"])
async def test_whoever_comes_through_a_proxy_is_refused(open_shop: Shop, header: str) -> None:
    async with known(open_shop[0]) as http:
        assert (await http.get("jobs", headers={header: "127.0.0.1"})).status_code == 403


ELSEWHERE = [
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost:9999", "Sec-Fetch-Site": "same-site"},  # cookies don't tell ports apart
    {"Origin": "http://localhost:9999"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Origin": "null"},
    {"Origin": HERE, "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "none"},
    {},
]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
async def test_another_page_does_nothing_though_the_browser_has_the_cookie(
    open_shop: Shop, headers: dict[str, str]
) -> None:
    app, jobs = open_shop
    before = await states(jobs), await jobs.operations.paused()
    async with known(app) as http:
        for path, data in ACTIONS:
            assert (await http.post(path, json=data, headers=headers)).status_code == 403
    assert (await states(jobs), await jobs.operations.paused()) == before


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_a_form_does_nothing(open_shop: Shop, kind: str) -> None:
    """What a form can send without asking the server first is no JSON."""
    async with known(open_shop[0]) as http:
        answer = await http.post("queues/pause", content='{"queue": "x"}', headers=OWN_PAGE | {"Content-Type": kind})
        assert answer.status_code == 415
    assert await open_shop[1].operations.paused() == ["default"]


@pytest.mark.parametrize(("path", "_"), ACTIONS)
async def test_a_link_does_nothing(open_shop: Shop, path: str, _: Any) -> None:
    app, jobs = open_shop
    before = await states(jobs), await jobs.operations.paused()
    async with known(app) as http:
        for method in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"):
            assert (await http.request(method, f"{path}?id=1&queue=default")).status_code >= 400
    assert (await states(jobs), await jobs.operations.paused()) == before


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("path", [*DATA, "static/main.js"])
async def test_another_page_reads_nothing(open_shop: Shop, path: str, site: str) -> None:
    """As by a script or an image whose source is here."""
    async with known(open_shop[0]) as http:
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}
        assert (await http.get(path, headers=headers)).status_code == 403


async def test_no_answer_lets_another_origin_read_it_or_frame_it(open_shop: Shop) -> None:
    async with known(open_shop[0]) as http:
        answers = [
            await http.get(path) for path in ("./", "jobs", "jobs/1", "jobs/99", "jobs/x", "static/main.js", "no")
        ]
        answers.append(await http.get("jobs", headers={"Host": "evil.example"}))
        answers.append(await http.post("queues/pause", json={"queue": "x"}))
    assert {answer.status_code for answer in answers} == {200, 403, 404, 422}
    for answer in answers:
        check_headers(answer)


def check_headers(answer: Response) -> None:
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers


async def test_script_in_an_argument_is_sent_as_json_and_never_as_a_page(open_shop: Shop) -> None:
    app, jobs = open_shop
    await jobs.operations.resume("default")
    async with known(app) as http:
        while (await http.get("jobs/1")).json()["state"] != "discarded":
            await asyncio.sleep(0.01)
        for path in ("jobs", "jobs/1"):
            answer = await http.get(path)
            assert answer.headers["content-type"] == "application/json"
            assert SCRIPT in answer.text


async def test_secrets_are_hidden_by_their_names_and_types_at_any_depth(open_shop: Shop) -> None:
    app, jobs = open_shop
    await jobs.operations.resume("default")
    async with known(app) as http:
        while not (job := (await http.get("jobs/1")).json())["failures"]:
            await asyncio.sleep(0.01)
        shown = [(await http.get(path)).text for path in ("jobs", "jobs/1", "jobs/2")]
        assert '"name": "shown"' in job["arguments"]
        assert '"password": "••••••"' in job["arguments"]
        assert job["failures"][0]["error"] == f"RuntimeError: refused •••••• {SCRIPT}", "nor in what was made of it"
        assert '"holder": "Ada"' in (await http.get("jobs/2")).json()["arguments"]
    for secret in ("hunter2-correct", "k-12345", "9876"):
        assert not [text for text in shown if secret in text]


@pytest.mark.parametrize("body", ["x" * 5000, '{"id": 1' + " " * 5000 + "}"])
async def test_what_is_too_long_is_not_read(open_shop: Shop, body: str) -> None:
    async with known(open_shop[0]) as http:
        for path in ("jobs/retry", "login"):
            answer = await http.post(path, content=body, headers=OWN_PAGE | {"Content-Type": "application/json"})
            assert answer.status_code == 413

        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield b"x"

        kind = {"Content-Type": "application/json"}
        assert (await http.post("jobs/retry", content=endless(), headers=OWN_PAGE | kind)).status_code == 413


@pytest.mark.parametrize("data", [{"id": "1; DROP TABLE"}, {"id": 0}, {"id": 2**63}, {"id": None}, {}, [], {"id": [1]}])
async def test_what_is_no_id_is_refused_and_not_repeated(open_shop: Shop, data: Any) -> None:
    async with known(open_shop[0]) as http:
        answer = await http.post("jobs/retry", json=data, headers=OWN_PAGE)
        assert answer.status_code == 422
        assert "DROP" not in answer.text
        nan = await http.post(
            "jobs/retry", content='{"id": NaN}', headers=OWN_PAGE | {"Content-Type": "application/json"}
        )
        assert nan.status_code == 422


@pytest.mark.parametrize("value", ["' OR 1=1 --", "%", "_", "x' UNION SELECT 1 --"])
async def test_what_is_searched_for_is_no_sql(open_shop: Shop, value: str) -> None:
    async with known(open_shop[0]) as http:
        for name in ("task", "queue"):
            assert (await http.get("jobs", params={name: value})).json()["jobs"] == []
        assert (await http.get("jobs", params={"state": value})).status_code == 422


@pytest.mark.parametrize(
    "name", ["../dashboard.py", "..%2fdashboard.py", "%2e%2e/access.py", "/etc/passwd", "", "main.js/..", "login.html/"]
)
async def test_only_the_page_s_own_files_are_served(open_shop: Shop, name: str) -> None:
    async with known(open_shop[0]) as http:
        answer = await http.get(f"static/{name}")
    assert answer.status_code in (404, 405)
    assert "import" not in answer.text


def test_a_websocket_is_closed(sqlite_url: str) -> None:
    app = FastAPI()
    app.mount("/loopline", Dashboard(token=TOKEN))
    with TestClient(app) as http, pytest.raises(WebSocketDisconnect), http.websocket_connect("/loopline/events"):
        raise AssertionError("it was accepted")


async def test_the_application_s_own_dependency_decides_instead_of_the_token(sqlite_url: str) -> None:
    async def only_admins(authorization: str = Header("")) -> None:
        if authorization != "Bearer admin":
            raise HTTPException(401, "Who are you?")

    for given in (only_admins, Depends(only_admins)):
        app = FastAPI()
        app.mount("/loopline", Dashboard(authorize=given))
        for headers in ({}, {"Authorization": "Bearer user"}):
            async with as_client(app, address="192.0.2.7", base="https://shop.example", **headers) as http:
                for path in ("./", *DATA):
                    assert (await http.get(path)).status_code == 401
                for path, data in ACTIONS:
                    own = {"Origin": "https://shop.example"}
                    assert (await http.post(path, json=data, headers=own)).status_code == 401
        admin = as_client(app, address="192.0.2.7", base="https://shop.example", Authorization="Bearer admin")
        page = await admin.get("./")
        assert "Event loop" in page.text
        check_headers(page)
        for headers in ({}, {"Origin": "https://evil.example"}):
            assert (await admin.post("queues/pause", json={"queue": "x"}, headers=headers)).status_code == 403


async def test_an_error_inside_says_nothing_of_the_inside(sqlite_url: str) -> None:
    def fails() -> None:
        raise RuntimeError("the password is hunter2")

    app = FastAPI()
    app.mount("/loopline", Dashboard(authorize=fails))
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=f"{HERE}/loopline/") as http:
        answer = await http.get("./")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text


def test_a_token_that_can_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="16 characters"):
        Dashboard(token="short")
    monkeypatch.setenv(TOKEN_VARIABLE, "short")
    with pytest.raises(ConfigurationError, match="16 characters"):
        Dashboard()
    with pytest.raises(ConfigurationError, match="one of them decides"):
        Dashboard(token=TOKEN, authorize=lambda: None)
    with pytest.raises(ConfigurationError, match="list of names"):
        Dashboard(token=TOKEN, hidden="iban")


def test_a_new_token_is_new_each_time_and_no_child_of_the_application_sees_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = set()
    for _ in range(3):
        monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
        address = prepare(HERE, "/loopline")
        token = address.partition("#token=")[2]
        assert len(token) >= 43, "256 bits"
        seen.add(token)
        mount(Watch(FastAPI()), "/loopline")
        assert TOKEN_VARIABLE not in os.environ
    assert len(seen) == 3
    assert capsys.readouterr() == ("", ""), "it is printed once, by who starts the server"


async def test_so_many_streams_and_no_more(open_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopline.dashboard.routes.MOST_STREAMS", 0)
    async with known(open_shop[0]) as http:
        assert (await http.get("events")).status_code == 503


def test_a_dashboard_s_token_can_not_be_read_from_it() -> None:
    shown: Callable[[object], str] = repr
    assert TOKEN not in shown(Dashboard(token=TOKEN))


def test_every_threat_of_the_docs_has_its_test() -> None:
    project = Path(__file__).parents[2]
    sources = "".join(path.read_text() for path in project.glob("tests/*/test_*.py"))
    defined = re.findall(r"^ *(?:async )?def test_(\w+)", sources, re.MULTILINE)
    page = (project / "docs" / "dashboard-threats.md").read_text()
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 18
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row[4])]
    named += re.findall(r"`(\w+instead_of_the_token)`", page)
    assert all("`" in row[4] for row in rows)
    for name in named:
        pattern = ".*".join(map(re.escape, name.split("…")))
        assert [one for one in defined if re.fullmatch(pattern, one)], f"there is no test {name}"
