"""What the browser tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import chromium
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

LIMIT = 120_000  # ms; it only guards against a hang
expect.set_options(timeout=LIMIT)


@pytest.fixture(scope="module")  # while it is open, no other test of this process can have an event loop
def browser() -> Iterator[Browser]:
    """The system's Chromium, without whatever it would ask of the Internet by itself."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium.find(),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Don't watch the loop: it is Playwright's, and stands still while a test waits for a server to start."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.loopline(off=True))
