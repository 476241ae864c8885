"""Chromium, and a live page that it opens."""

from __future__ import annotations

import shutil

import pytest
from makers.needs import need, need_module
from makers.pages import HEIGHT, WIDTH
from makers.servers import TOKEN, Serving


@pytest.fixture(scope="module")
def chromium():
    api = need_module("playwright.sync_api", "drives the browser")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    need(path, "Chromium shows the page")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def serving(camera):
    with Serving(camera.url, "--size", "96") as serving:
        with serving.connected() as viewer:
            viewer.explained()
            for classes in ([285, 281], []):  # what the tests ask for is compiled
                viewer.send(do="explain", classes=classes)
                serving.wait(lambda: len(viewer.explained()["targets"]) == max(1, len(classes)))  # noqa: B023
        yield serving


@pytest.fixture(autouse=True)
def nothing_asked(request):
    """What an earlier test has asked for is forgotten."""
    if "serving" in request.fixturenames:
        serving = request.getfixturevalue("serving")
        with serving.connected(TOKEN) as staff:
            staff.receive("welcome")
            staff.send(do="settings", language="en", allowed=[], method="gradcam")
            staff.state(asked=[], method="gradcam")


@pytest.fixture
def opened(chromium):
    """Opens pages that must not complain."""
    contexts = []

    def begin(url, *, width=WIDTH, height=HEIGHT, **options):
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
        page.goto(url)
        page.wait_for_selector("body[data-phase]")
        return page

    yield begin
    for context in contexts:
        complaints = [c for page in context.pages for c in page.complaints if "WebSocket connection" not in c]
        context.close()
        assert complaints == []
