"""The live page in a real Chromium, on a real stream, with a real model: what visitors do."""

from __future__ import annotations

import cv2
import numpy as np
from makers.cameras import BITS, number_of
from makers.pages import WIDTH, canvas, coloured, explained, says, waits
from makers.servers import TOKEN, Serving


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
    says(page, "Nothing", "speaks for", "espresso")
    assert explained(page) == ["espresso"]
    page.click("#open-ask")
    page.fill("#wanted", "tiger cat")
    page.keyboard.press("Enter")
    says(page, "would speak for", "tiger cat", "Egyptian cat")
    assert explained(page) == ["tiger cat"]
    page.click("#automatic")
    waits(page, lambda: explained(page) != ["tiger cat"])

    second = names.nth(1).inner_text()
    page.locator("#bars button").nth(1).click()
    waits(page, lambda: explained(page) == [second])
    page.keyboard.press("0")

    page.click("#open-more")
    page.click("#colours")
    assert page.get_attribute("#colours", "aria-pressed") == "true"
    waits(page, lambda: coloured(page) < before - 10)  # cividis is dull beside jet
    page.click("#colours")
    waits(page, lambda: coloured(page) > before - 10)

    page.locator("#opacity").fill("0")
    waits(page, lambda: coloured(page) < before - 10)
    page.locator("#opacity").fill("0.7")
    page.select_option("#colormap", "viridis")
    brightest = "document.querySelector('#scale canvas').getContext('2d').getImageData(255, 0, 1, 1).data[0]"
    waits(page, lambda: page.evaluate(brightest) > 200)
    page.select_option("#method", "layercam")
    with serving.connected() as witness:
        witness.state(method="layercam")
        page.select_option("#method", "gradcam")
    page.select_option("#language", "de")
    waits(page, lambda: page.inner_text("#open-ask") == "Finde es")
    page.click("#more button[type=submit]")
    says(page, "Computer")
    assert page.evaluate("document.documentElement.lang") == "de"


def test_wipe_by_touch_by_mouse_and_by_keyboard(opened, serving):
    page = opened(serving.url, has_touch=True)
    says(page, "cat")
    handle = page.locator(".wipe")
    waits(page, lambda: handle.get_attribute("aria-valuenow") == "50")  # it moves a little at first
    page.wait_for_timeout(3000)
    before = coloured(page)
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
    first, second = page.locator("#captions span").all_inner_texts()
    assert "change" in captions.first.inner_text()
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

    def third_is_explained():  # once more where it has changed its place between the look and the key
        third = page.locator("#bars .name").nth(2).inner_text()
        page.keyboard.press("3")
        page.wait_for_timeout(500)
        return explained(page) == [third]

    waits(page, third_is_explained)
    page.keyboard.press("0")
    page.keyboard.press("c")
    waits(page, lambda: page.get_attribute("#colours", "aria-pressed") == "true")
    before = coloured(page)
    for _ in range(5):
        page.keyboard.press("+")
    waits(page, lambda: coloured(page) > before + 5)
    page.keyboard.press("/")
    assert page.locator("#wanted").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#wanted").is_visible()


def test_compare_takes_two_that_are_allowed(opened, serving):
    with serving.connected(TOKEN) as staff:
        staff.receive("welcome")
        staff.send(do="settings", allowed=[967, 281])
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
        assert page.locator("#welcome").is_visible()
        assert not page.locator("#answer").is_visible()
        assert not page.locator("#tools").is_visible()
        page.click("#camera")
        waits(page, lambda: page.locator("#bars li:not([hidden])").count() == 5, seconds=180)
        before = canvas(page)
        waits(page, lambda: (canvas(page) != before).any())
        assert page.inner_text("#camera") == "Stop my camera"
        page.click("#open-more")
        assert "to this program only" in page.inner_text("#more .privacy")
        page.keyboard.press("Escape")
        page.click("#camera")
        waits(page, lambda: page.locator("#welcome").is_visible())
        assert canvas(page).max() < 16  # nothing of the visitor's picture stays
