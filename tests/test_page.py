"""The live page in a real Chromium, on a real stream, with a real model."""

from __future__ import annotations

import base64
import shutil
import time
from contextlib import ExitStack

import cv2
import numpy as np
import pytest
from makers.cameras import BITS, Camera, number_of
from makers.needs import need, need_module
from makers.servers import TOKEN, Serving

CANVAS = "document.getElementById('picture')"
WIDTH, HEIGHT = 640, 480  # the stream's aspect, so that the canvas is the picture


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
def camera():
    with Camera() as camera:
        yield camera


@pytest.fixture(scope="module")
def serving(camera):
    with Serving(camera.url, "--size", "96") as serving:
        with serving.talk() as viewer:
            viewer.explained()
            for classes in ([285, 281], []):  # what the tests ask for is compiled
                viewer.say(do="explain", classes=classes)
                serving.wait(lambda: len(viewer.explained()["targets"]) == max(1, len(classes)))  # noqa: B023
        yield serving


@pytest.fixture(autouse=True)
def nothing_asked(request):
    """What an earlier test has asked for is forgotten."""
    if "serving" in request.fixturenames:
        serving = request.getfixturevalue("serving")
        with serving.talk(TOKEN) as staff:
            staff.hear("welcome")
            staff.say(do="settings", language="en", allowed=[], method="gradcam")
            staff.told(asked=[], method="gradcam")


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
        page.wait_for_selector("#answer:not([hidden])")
        return page

    yield begin
    for context in contexts:
        complaints = [c for page in context.pages for c in page.complaints if "WebSocket connection" not in c]
        context.close()
        assert complaints == []


def canvas(page) -> np.ndarray:
    """The canvas' pixels, BGR."""
    data = page.evaluate(f"{CANVAS}.toDataURL('image/png')").split(",")[1]
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)


def waits(page, condition, seconds=90):
    end = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < end, page.inner_text("body")
        page.wait_for_timeout(100)
    return result


def says(page, *parts):
    waits(page, lambda: all(part in page.inner_text("#sentence") for part in parts))


def explained(page):
    """The classes that are marked in the bars."""
    return page.eval_on_selector_all("#bars [aria-pressed=true] .name", "all => all.map(one => one.textContent)")


def coloured(page):
    """How colourful the right half of the picture is: heat is, far more than the photograph."""
    image = canvas(page)[: HEIGHT // 3, WIDTH // 2 :].astype(int)
    return (image.max(axis=2) - image.min(axis=2)).mean()


def test_it_draws_moving_frames_and_they_are_those_that_were_sent(opened, serving, camera):
    page = opened(serving.url)
    page.keyboard.press("End")
    page.focus(".wipe")
    page.keyboard.press("End")  # the camera alone
    numbers, images = [], []
    for _ in range(6):
        image = cv2.resize(canvas(page), (320, 240), interpolation=cv2.INTER_AREA)
        numbers.append(number_of(image))
        images.append(image)
        page.wait_for_timeout(150)
    assert len(set(numbers)) >= 4
    assert set(numbers) <= set(camera.sent())
    from makers.cameras import pictures

    photograph = cv2.imread("streamcam/photographs/chelsea.jpg")
    sent = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1) for jpeg in pictures(320, 240, 300, photograph)]
    for number, image in zip(numbers, images, strict=True):
        part = np.s_[:200, 16 : 16 + 16 * BITS]  # without wipe line and squares
        assert np.abs(image[part].astype(int) - sent[number][part]).mean() < 6


def test_every_control_changes_what_it_says(opened, serving):
    page = opened(serving.url)
    says(page, "cat")
    before = coloured(page)
    names = page.locator("#bars .name")
    shares = page.locator("#bars .share")
    assert names.count() == 5
    assert shares.first.inner_text().endswith("%")

    page.click("#open-ask")
    page.fill("#wanted", "espr")
    page.keyboard.press("Enter")
    says(page, "would speak for", "espresso", "cat")
    assert explained(page) == ["espresso"]
    page.click("#automatic")
    waits(page, lambda: explained(page) != ["espresso"])

    second = names.nth(1).inner_text()
    page.locator("#bars button").nth(1).click()
    waits(page, lambda: explained(page) == [second])
    page.keyboard.press("0")

    page.click("#colours")
    assert page.get_attribute("#colours", "aria-pressed") == "true"
    waits(page, lambda: coloured(page) < before - 15)  # cividis is dull beside jet
    page.click("#colours")
    waits(page, lambda: coloured(page) > before - 15)

    page.click("#open-more")
    page.locator("#opacity").fill("0")
    waits(page, lambda: coloured(page) < before - 15)
    page.locator("#opacity").fill("0.5")
    page.select_option("#colormap", "viridis")
    brightest = "document.querySelector('#scale canvas').getContext('2d').getImageData(255, 0, 1, 1).data[0]"
    waits(page, lambda: page.evaluate(brightest) > 200)
    page.select_option("#method", "layercam")
    with serving.talk() as witness:
        witness.told(method="layercam")
        page.select_option("#method", "gradcam")
    page.select_option("#language", "de")
    waits(page, lambda: page.inner_text("#open-ask") == "Fragen nach …")
    page.click("#more button[type=submit]")
    says(page, "Computer")
    assert page.evaluate("document.documentElement.lang") == "de"


def test_wipe_by_touch_by_mouse_and_by_keyboard(opened, serving):
    page = opened(serving.url, has_touch=True)
    says(page, "cat")
    before = coloured(page)
    handle = page.locator(".wipe")
    box = handle.bounding_box()
    start = box["x"] + box["width"] / 2 + 10, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": start[0], "y": start[1]}]})
    for x in (200, 400, 600):
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": start[1]}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    waits(page, lambda: int(handle.get_attribute("aria-valuenow")) == round(100 * 600 / WIDTH))
    waits(page, lambda: coloured(page) < before - 5)  # the camera's picture on nearly all of it
    bare = coloured(page)
    page.mouse.move(600, start[1])
    page.mouse.down()
    page.mouse.move(320, start[1])
    page.mouse.up()
    assert handle.get_attribute("aria-valuenow") == "50"
    page.keyboard.press("ArrowLeft")
    assert handle.get_attribute("aria-valuenow") == "45"
    handle.focus()
    page.keyboard.press("Home")
    assert handle.get_attribute("aria-valuenow") == "0"
    waits(page, lambda: coloured(page) > bare + 5)


def test_compare_by_touch_and_by_keyboard(opened, serving):
    page = opened(serving.url, has_touch=True, width=900, height=500)
    says(page, "cat")
    page.tap("#compare")
    says(page, "What speaks for")
    captions = page.locator("#captions button")
    waits(page, lambda: captions.count() == 2)
    first, second = captions.all_inner_texts()
    assert first != second
    assert sorted(explained(page)) == sorted([first, second])
    assert page.locator(".wipe").count() == 2
    captions.nth(1).tap()
    page.fill("#wanted", "espresso")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    says(page, first, "espresso")
    page.keyboard.press("v")
    waits(page, lambda: explained(page) == [first])
    page.keyboard.press("0")
    waits(page, lambda: page.locator(".wipe").count() == 1)


def test_keys_name_classes_colours_and_strength(opened, serving):
    page = opened(serving.url)
    says(page, "cat")
    third = page.locator("#bars .name").nth(2).inner_text()
    page.keyboard.press("3")
    waits(page, lambda: explained(page) == [third])
    page.keyboard.press("0")
    page.keyboard.press("c")
    assert page.get_attribute("#colours", "aria-pressed") == "true"
    before = coloured(page)
    for _ in range(5):
        page.keyboard.press("+")
    waits(page, lambda: coloured(page) > before + 5)
    page.keyboard.press("/")
    assert page.locator("#wanted").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#wanted").is_visible()


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


def test_compare_takes_two_that_are_allowed(opened, serving):
    with serving.talk(TOKEN) as staff:
        staff.hear("welcome")
        staff.say(do="settings", allowed=[967, 281])
        page = opened(serving.url)
        says(page, "cat")
        page.keyboard.press("v")
        says(page, "What speaks for", "tabby", "espresso")


def test_whoever_reads_a_list_is_there(opened, serving):
    page = opened(serving.url)
    says(page, "cat")
    sent = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    page.reload()
    says(page, "cat")
    page.click("#open-more")
    waits(page, lambda: any('"touch"' in str(frame) for frame in sent))


def test_a_browsers_camera_is_explained(opened):
    with Serving("browser", "--size", "96") as serving:
        page = opened(serving.url, permissions=["camera"])
        assert "Looking for the camera" in page.inner_text("#sentence")
        page.click("#camera")
        waits(page, lambda: page.locator("#bars li:not([hidden])").count() == 5, seconds=180)
        before = canvas(page)
        waits(page, lambda: (canvas(page) != before).any())
        assert page.inner_text("#camera") == "Stop my camera"
        page.click("#open-more")
        assert "to this program only" in page.inner_text("#more .privacy")
        page.keyboard.press("Escape")
        page.click("#camera")
        says(page, "Trying again")


def test_staff_steer_what_visitors_find(opened, serving):
    visitor = opened(serving.url)
    says(visitor, "cat")
    staff = visitor.context.new_page()
    staff.complaints = []
    staff.goto(f"{serving.url}/staff")
    staff.fill("#key", "a wrong key")
    staff.click("#sign-in button")
    waits(staff, lambda: "does not fit" in staff.inner_text("#notice"))
    staff.goto(f"{serving.url}/staff#{TOKEN}")
    staff.reload()
    waits(staff, lambda: staff.locator("#desk").is_visible())
    assert TOKEN not in staff.url
    waits(staff, lambda: "ok" in staff.inner_text("#health"))
    waits(staff, lambda: staff.evaluate("document.getElementById('code').naturalWidth") > 100)
    staff.select_option("#language", "fr")
    waits(staff, lambda: staff.inner_text("#notice") == "Saved.")
    says(visitor, "ordinateur")
    staff.fill("#wanted", "tabby")
    staff.keyboard.press("Enter")
    waits(staff, lambda: staff.locator("#allowed button").count() == 1)
    waits(visitor, lambda: visitor.locator("#bars button:disabled").count() >= 3)
    visitor.click("#open-ask")
    waits(visitor, lambda: visitor.locator("#matches li").count() == 1)
    visitor.keyboard.press("Escape")
    staff.click("#allowed button")
    staff.select_option("#language", "en")
    says(visitor, "cat")
    restarts = serving.metric("streamcam_restarts_total")
    staff.click("#restart")
    waits(staff, lambda: serving.metric("streamcam_restarts_total") == restarts + 1)
    says(visitor, "cat")


@pytest.mark.parametrize(("width", "height", "scale"), [(390, 844, 3), (1440, 900, 1), (2160, 3840, 1), (844, 390, 2)])
def test_nothing_is_cut_off_at_any_size(opened, serving, width, height, scale):
    page = opened(serving.url, width=width, height=height, device_scale_factor=scale)
    says(page, "cat")
    for selector in ("#answer", "#sentence", "#tools", *(f"#tools button:nth-of-type({n})" for n in (1, 3, 4, 5))):
        box = page.locator(selector).bounding_box()
        assert box["x"] >= 0, selector
        assert box["y"] >= 0, selector
        assert box["x"] + box["width"] <= width, selector
        assert box["y"] + box["height"] <= height, selector
    panel, tools = (page.locator(selector).bounding_box() for selector in ("#answer", "#tools"))
    assert panel["y"] + panel["height"] <= tools["y"]
    size = page.evaluate("parseFloat(getComputedStyle(document.getElementById('sentence')).fontSize)")
    assert size >= min(width, height) / 40


def test_reduced_motion_is_respected(opened, serving):
    page = opened(serving.url, reduced_motion="reduce")
    durations = page.eval_on_selector_all(
        "#bars .bar", "all => all.map(one => getComputedStyle(one).transitionProperty)"
    )
    assert set(durations) == {"none"}
    assert page.evaluate("getComputedStyle(document.getElementById('call')).animationName") == "none"
