"""Script in whatever a client or a task can put on the dashboard is shown as text, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from running_service import running_service

TOKEN = "a token for tests, long enough"
HOSTILE = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
APP = f"""
    import asyncio, time
    from fastapi import FastAPI
    from loopline import Database, JobQueue, Retry, ThreadLane, lifespan

    HOSTILE = {HOSTILE!r}
    db = Database("sqlite+aiosqlite:///shop.db")
    jobs = JobQueue(db, queues=[HOSTILE], poll=0.1)
    lane = ThreadLane(HOSTILE)
    app = FastAPI(lifespan=lifespan(db, lane, jobs))

    @jobs.task(name=HOSTILE, queue=HOSTILE, retry=Retry(attempts=1))
    async def fails(text: str) -> None:
        raise RuntimeError(text)

    @app.get("/" + HOSTILE)
    async def blocks():
        time.sleep(1)
        async with db.begin() as session:
            return await fails.options(unique=HOSTILE).enqueue(session, HOSTILE)
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_service(tmp_path_factory.mktemp("hostile"), APP, TOKEN) as url:
        yield url


@pytest.fixture
def page(url: str, browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/loopline/#token={quote(TOKEN)}")
    expect(page.locator("#state")).to_have_text("live")
    yield page
    context.close()


def test_hostile_routes_lanes_queues_tasks_arguments_and_errors_are_text(page: Page, url: str) -> None:
    assert httpx2.get(f"{url}/{quote(HOSTILE)}", timeout=60, trust_env=False).status_code == 200
    shown = (
        page.locator("#stalls .found .route", has_text="window.hacked"),
        page.locator("#traffic tbody tr th"),
        page.locator("#lanes tbody tr th", has_text="window.hacked"),
        page.locator("#queues tbody tr th"),
        page.locator("#list tbody td").nth(1),
    )
    for place in shown:
        expect(place.first).to_contain_text(HOSTILE)
    page.get_by_label("State").select_option("discarded")
    page.locator("#list tbody button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("h2")).to_contain_text(HOSTILE)
    expect(dialog.locator("#job-arguments")).to_contain_text(HOSTILE)
    expect(dialog.locator(".error")).to_contain_text(HOSTILE)
    expect(dialog.locator("#job-facts")).to_contain_text(HOSTILE)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 1, "its own"
    assert page.locator("main script, dialog script").count() == 0


def test_the_policy_stops_script_that_got_in_nevertheless(page: Page) -> None:
    """The second line of defence: as if a fault of ours let markup in."""
    for attempt in (
        'document.querySelector("main").innerHTML = "<b>x</b>"',
        'document.createElement("img").setAttribute("onerror", "window.hacked = 1")',
        'document.createElement("script").textContent = "window.hacked = 1"',
        'document.createElement("script").src = "static/main.js"',
    ):
        with pytest.raises(Exception, match="requires 'Trusted"):
            page.evaluate(attempt)
    stopped = page.evaluate("""() => new Promise(done => {
        addEventListener("securitypolicyviolation", event => done(event.effectiveDirective));
        document.body.append(Object.assign(new Image(), { src: "http://127.0.0.2:9/seen" }));
    })""")
    assert stopped == "img-src", "nothing is told to another server, not even by an image"
    assert page.evaluate("window.hacked") is None


def test_another_page_can_neither_frame_it_nor_read_it_nor_do_anything(page: Page, url: str) -> None:
    """A page on another port of this machine: the browser sends it the same cookies."""
    other = page.context.new_page()
    answered = []
    other.on("response", lambda response: answered.append((response.url, response.status)))
    elsewhere = url.replace("127.0.0.1", "127.0.0.2")
    other.route(f"{elsewhere}/**", lambda route: route.fulfill(content_type="text/html", body="<p>elsewhere</p>"))
    other.goto(f"{elsewhere}/page")
    for attempt in (
        f"fetch('{url}/loopline/jobs', {{credentials: 'include'}}).then(a => a.text())",
        f"fetch('{url}/loopline/queues/pause', {{method: 'POST', credentials: 'include', "
        "headers: {'Content-Type': 'application/json'}, body: '{\"queue\": \"x\"}'}).then(a => a.text())",
    ):
        with pytest.raises(Exception, match="Failed to fetch"):
            other.evaluate(attempt)
    other.evaluate(
        f"""() => new Promise(done => {{
            const frame = document.createElement("iframe");
            frame.onload = done;
            frame.src = "{url}/loopline/";
            document.body.append(frame);
        }})"""
    )
    assert [frame.url for frame in other.frames if "/loopline/" in frame.url] == []
    expect(page.locator("#queues tbody")).not_to_contain_text("(paused)")
