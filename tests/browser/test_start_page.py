"""The start page in Chromium: every button gives the answer of its route."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

LIMIT = 120_000  # ms; it only guards against a hang

# What the answer's first status must be where it is not 200.
STATUS = {
    "GET /external-api?mode=fail": "502",
    "GET /external-api?mode=hang": "504",
    "GET /profile": "401",
    "GET /users/999": "404",
    "GET /users/x": "422",
    "GET /users/batch?user_ids=x": "422",
    "POST /send-notification": "202",
    "POST /orders": "201",
    "POST /print-label": "202",
    "GET /wrong": "500",
}


@pytest.fixture(scope="module")
def page(demo: Any, browser: Browser) -> Iterator[Page]:
    """The start page, open."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(LIMIT)
    page.goto(f"{demo.url}/")
    yield page
    page.close()


def test_every_button_shows_the_answer_of_its_route(page: Page) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    buttons = page.get_by_role("button").all()
    labels = [button.inner_text() for button in buttons]
    assert len(labels) >= 25
    for button, label in zip(buttons, labels, strict=True):
        button.click()
        output = button.locator("xpath=ancestor::section").locator("pre")
        expect(output).to_have_attribute("data-done", label)
        shown = output.inner_text()
        found = re.search(r"^(\d{3})( in \d+ ms| × \d+)", shown, re.MULTILINE)
        assert found, shown
        assert found[1] == STATUS.get(label, "200"), shown
    assert problems == []


def test_the_search_for_primes_moves_a_bar_to_its_end(page: Page) -> None:
    page.evaluate("""() => {
        window.seen = [];
        new MutationObserver(() => {
            const bar = document.querySelector("progress");
            if (bar) new MutationObserver(() => seen.push(bar.value / bar.max)).observe(bar, { attributes: true });
        }).observe(document.querySelector("#patterns"), { childList: true, subtree: true });
    }""")
    page.get_by_role("button", name="GET /primes").click()
    output = page.locator("section", has_text="CPU work").locator("pre")
    expect(output).to_have_attribute("data-done", "GET /primes")
    bar = page.get_by_role("progressbar", name="Progress of GET /primes")
    expect(bar).to_have_js_property("value", 2_000_000)
    seen = page.evaluate("seen")
    assert sorted(seen) == seen
    assert len(set(seen)) > 5, "it moved"
    assert '"found": 148933' in output.inner_text()


def test_an_order_made_on_the_page_shows_its_receipt(page: Page) -> None:
    output = page.locator("section", has_text="Background work").locator("pre")
    page.get_by_role("button", name="POST /orders").click()
    expect(output).to_contain_text('"receipt": null')
    read = page.get_by_role("button", name="GET /orders/")

    def receipt_is_there() -> None:
        read.click()
        expect(output).to_contain_text("3 × Timetable: 12.00", timeout=1000)

    for _ in range(60):
        try:
            receipt_is_there()
        except AssertionError:
            continue
        break
    else:
        receipt_is_there()


def test_the_strip_shows_that_a_blocked_loop_makes_others_wait(page: Page) -> None:
    page.reload()
    page.get_by_role("button", name="GET /bad").click()
    expect(page.locator("#waits rect.late").first).to_be_attached()


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_the_page_fits_its_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.reload()
    expect(page.get_by_role("button").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_keyboard_reaches_every_button_and_every_answer(page: Page) -> None:
    page.reload()
    stops = page.get_by_role("button").count() + page.get_by_role("region", name="Answer").count()
    reached = set()
    page.get_by_role("link", name="the API's own page").focus()
    for _ in range(stops):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("[...document.querySelectorAll('button, pre')].indexOf(document.activeElement)"))
    assert reached == set(range(stops))


def test_a_screen_reader_is_told_the_answers_and_not_every_beat(page: Page) -> None:
    assert page.locator("#wait").get_attribute("aria-live") == "off", "four announcements a second drown all else"
    for answer in page.get_by_role("region", name="Answer").all():
        assert answer.get_attribute("aria-live") == "polite"


def test_every_route_of_the_api_page_can_be_tried_out_as_it_stands(page: Page, demo: Any) -> None:
    page.goto(f"{demo.url}/docs")
    expect(page.locator(".opblock").first).to_be_visible()
    statuses = {}
    for route in page.locator(".opblock").all():
        label = " ".join(route.locator(".opblock-summary-method, .opblock-summary-path").all_inner_texts())
        control = route.locator(".opblock-summary-control")
        control.click()
        route.get_by_role("button", name="Try it out").click()
        route.get_by_role("button", name="Execute").click()
        status = route.locator(".live-responses-table .response .response-col_status")
        expect(status).to_have_text(re.compile(r"^\d{3}"))
        statuses[label.replace("\u200b", "")] = status.inner_text()[:3]
        control.click()  # what is open is drawn again with every change of any
    assert len(statuses) >= 17
    odd = {
        "GET /profile": "401",
        "POST /send-notification": "202",
        "POST /orders": "201",
        "GET /wrong": "500",
        "POST /print-label": "202",
    }
    assert statuses == dict.fromkeys(statuses, "200") | odd


def test_the_page_fetches_nothing_from_elsewhere(page: Page, demo: Any) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{demo.url}/docs")
    expect(page.get_by_text("Every pattern of FastAPI async processing")).to_be_visible()
    page.goto(f"{demo.url}/")
    expect(page.locator("#waits rect").first).to_be_attached()
    assert asked
    assert [url for url in asked if not url.startswith((demo.url, "data:"))] == []
