"""The dashboard of a service whose jobs are in two databases: both are shown, and each action goes to the right one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from running_service import running_service

LIMIT = 120_000  # ms; it only guards against a hang
TOKEN = "a token for tests, long enough"
APP = """
    from fastapi import FastAPI
    from loopline import Database, JobQueue, Retry, lifespan

    shop, archive = Database("sqlite+aiosqlite:///shop.db"), Database("sqlite+aiosqlite:///archive.db")
    orders, papers = JobQueue(shop, poll=0.1, concurrency=3), JobQueue(archive, poll=0.1)
    app = FastAPI(lifespan=lifespan(shop, archive, orders, papers))

    @orders.task(name="bill")
    async def bill(number: int) -> None: ...

    @papers.task(name="scan", retry=Retry(attempts=1))
    async def scan(number: int) -> None:
        raise RuntimeError("the glass is dusty")

    @app.post("/enqueue")
    async def enqueue():
        async with shop.begin() as session:
            await bill.enqueue(session, 11)
        async with archive.begin() as session:
            await scan.enqueue(session, 22)
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_service(tmp_path_factory.mktemp("databases"), APP, TOKEN) as url:
        assert httpx2.post(f"{url}/enqueue", timeout=60, trust_env=False).status_code == 200
        yield url


@pytest.fixture
def page(url: str, browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(LIMIT)
    page.goto(f"{url}/loopline/#token={quote(TOKEN)}")
    expect(page.locator("#state")).to_have_text("live")
    yield page
    context.close()


def test_the_queues_and_workers_of_both_are_shown_with_their_database(page: Page) -> None:
    for name in ("shop.db", "archive.db"):
        expect(page.locator("#queues tbody tr", has_text=name)).to_have_count(1)
        expect(page.locator("#roster tbody tr", has_text=name)).to_have_count(1)
    worker = page.locator("#roster tbody tr", has_text="shop.db")
    expect(worker).to_contain_text("default")
    expect(worker).to_contain_text("of 3")
    expect(worker).to_contain_text("now")


def test_the_jobs_of_the_chosen_one_are_listed_opened_and_tried_again(page: Page) -> None:
    jobs = page.locator("#list tbody tr")
    expect(jobs).to_have_count(1)
    expect(jobs).to_contain_text("bill")
    page.get_by_role("search").get_by_label("Database").select_option("archive.db")
    expect(jobs).to_contain_text("scan")
    expect(jobs).to_contain_text("discarded")
    jobs.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("the glass is dusty")
    dialog.get_by_role("button", name="Try again").click()
    expect(dialog.locator("#job-said")).to_have_text("It runs again.")
    expect(dialog.locator(".error")).to_have_count(2)
    page.keyboard.press("Escape")
    page.get_by_role("search").get_by_label("Database").select_option("shop.db")
    expect(jobs).to_contain_text("bill")
    expect(jobs).to_contain_text("completed")


def test_a_queue_of_the_one_is_paused_and_that_of_the_other_goes_on(page: Page) -> None:
    page.get_by_role("button", name="Pause queue default of archive.db").click()
    paused = page.locator("#queues tbody tr", has_text="archive.db")
    expect(paused).to_contain_text("default (paused)")
    expect(page.locator("#queues tbody tr", has_text="shop.db")).not_to_contain_text("(paused)")
    page.get_by_role("button", name="Resume queue default of archive.db").click()
    expect(paused).not_to_contain_text("(paused)")
