"""The page's connection to the program: lost, back again, refused."""

from __future__ import annotations

from contextlib import ExitStack

from makers.pages import canvas, says, waits
from makers.servers import Serving


def test_it_comes_back_by_itself_after_the_program_restarts(opened, camera):
    with Serving(camera.url, "--size", "96") as first:
        page = opened(first.url)
        says(page, "cat")
        port = first.port
    waits(page, lambda: "connection is lost" in page.inner_text("#notice"))
    with ExitStack() as stack:
        with page.expect_navigation(timeout=60_000):  # loaded anew: it may be another model now
            stack.enter_context(Serving(camera.url, "--size", "96", port=port))
        page.wait_for_selector("#bars li:not([hidden])")
        assert not page.locator("#notice").is_visible()
        before = canvas(page)
        waits(page, lambda: (canvas(page) != before).any())


def test_one_page_too_many_says_why(opened, camera):
    with Serving(camera.url, "--size", "96", "--max-viewers", "1") as serving:
        page = opened(serving.url).context.new_page()
        page.complaints = []
        page.goto(serving.url)
        waits(page, lambda: "Too many people" in page.inner_text("#notice"))
        page.wait_for_timeout(1500)  # it has tried again meanwhile
        assert "Too many people" in page.inner_text("#notice")
