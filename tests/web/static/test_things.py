"""What visitors find to do on the page: find it, make it say, cover it up, compare; by mouse, touch and keyboard."""

from __future__ import annotations

from fractions import Fraction

import pytest
from axe_playwright_python.sync_playwright import Axe
from makers.pages import says, waits
from makers.servers import TOKEN, Serving

from streamcam import Frame, VideoInfo, VideoSink
from streamcam.backends.load import load_classifier
from streamcam.settings import ModelSettings

LABELS = load_classifier(ModelSettings()).labels


def test_find_it_by_a_picture_and_by_the_keyboard_on_the_screen(opened, camera):
    with Serving(camera.url, "--size", "96", "--kiosk", "--attract-after", "1000", "--idle-reset", "1000") as serving:
        page = opened(serving.url, has_touch=True)
        says(page, "cat")
        page.tap("#open-ask")
        assert page.locator("#tiles .tile svg").count() == 12
        assert not page.locator("#matches").is_visible()
        page.locator("#tiles .tile", has_text="umbrella").tap()
        says(page, "umbrella")
        page.tap("#open-ask")
        for letter in "espr":
            page.locator("#keyboard button", has_text=letter).first.tap()
        waits(page, lambda: page.locator("#matches li").all_inner_texts() == ["espresso", "espresso maker"])
        page.locator("#matches li").first.tap()
        says(page, "Nothing", "espresso")
        page.tap("#open-ask")
        page.fill("#wanted", "revolver")
        waits(page, lambda: "no such thing" in page.inner_text("#matches"))  # a word that a family need not meet
        page.keyboard.press("Escape")
        page.tap("#open-more")
        assert not page.locator("#method").is_visible()  # no formulas for visitors
        page.select_option("#language", "de")
        page.keyboard.press("Escape")
        page.tap("#open-ask")
        assert "Regenschirm" in page.inner_text("#tiles")


def test_make_it_say_what_the_camera_sees(opened, serving):
    page = opened(serving.url)
    says(page, "cat")
    with serving.connected(TOKEN) as staff:
        staff.receive("welcome")
        staff.send(do="settings", challenges=[285, 954])
        staff.state(asked=[])
        waits(page, lambda: page.locator("#challenge").is_visible())
        page.click("#challenge")
        page.locator("#challenges .tile", has_text="Egyptian cat").click()
        waits(page, lambda: "It says “Egyptian cat”!" in page.inner_text("#score"))
        assert "Best today" in page.inner_text("#score")
        assert page.locator("#game.won").is_visible()
        assert not page.locator("#answer").is_visible()
        page.click("#another")
        page.locator("#challenges .tile", has_text="banana").click()
        waits(page, lambda: "seconds left" in page.inner_text("#score"))
        assert int(page.get_attribute("#meter", "aria-valuenow") or 0) < 50
        page.click("#stop-game")
        waits(page, lambda: page.locator("#answer").is_visible())
        staff.send(do="settings", challenges=[])


def test_cover_it_up_with_a_finger_and_see_it_fall(opened, sample):
    with Serving(str(sample), "--loop", "--target", "espresso") as serving, serving.connected() as witness:
        page = opened(serving.url, width=1280, height=720, has_touch=True)

        def espresso():
            return dict(witness.explained()["targets"]).get(LABELS.index("espresso"), 0.0)

        serving.wait(lambda: espresso() > 0.8)
        page.tap("#cover")
        box = page.locator("#paint").bounding_box()
        assert (box["width"], box["height"]) == (1280, 720)
        touch = page.context.new_cdp_session(page)
        for y in range(80, 420, 40):  # over the coffee, while the other scene is on, too
            touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": 420, "y": y}]})
            for x in range(450, 950, 60):
                touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
            touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        painted = serving.wait(lambda: [s for s in [witness.receive("state")] if len(s["painted"]) > 20])
        assert all(0 <= value <= 1 for dab in painted[0]["painted"] for value in dab)
        highest = max(espresso() for _ in range(200))  # a whole round of the clip
        assert highest < 0.6
        waits(page, lambda: "before" in page.inner_text("#fall"))
        page.tap("#stop-paint")
        witness.state(painted=[])
        serving.wait(lambda: espresso() > 0.8)


def test_comparing_goes_on_by_itself(opened, sample):
    with Serving(str(sample), "--loop", "--size", "160") as serving:
        page = opened(serving.url, width=1000, height=600)
        waits(page, lambda: page.locator("#bars .name").first.inner_text() != "")
        page.click("#compare")

        def compared():
            return set(page.locator("#captions span").all_inner_texts())

        waits(page, lambda: compared() & {"espresso", "cup", "coffee mug"})
        waits(page, lambda: compared() & {"Egyptian cat", "tabby", "tiger cat"})
        page.keyboard.press("v")
        waits(page, lambda: not compared())


def test_a_tap_wakes_an_exhibit(opened, cat, tmp_path):
    still = tmp_path / "still.mp4"
    with VideoSink(still, VideoInfo(320, 240, Fraction(25))) as sink:
        for index in range(100):
            sink.write(Frame(cat[:240, :320].copy(), index, index / 25), None)
    with Serving(str(still), "--size", "96", "--kiosk", "--attract-after", "4", "--idle-reset", "1000") as serving:
        page = opened(serving.url)
        with serving.connected() as witness:
            witness.state(phase="attracting")  # nothing moves before this camera
            waits(page, lambda: page.locator("#call").is_visible())
            page.mouse.click(300, 200)
            witness.state(phase="live")
        waits(page, lambda: not page.locator("#call").is_visible())


def test_a_closed_exhibit_says_when_it_opens(opened, camera):
    day = "Mon"
    with Serving(camera.url, "--size", "96", "--kiosk", "--hours", f"{day} 03:00-03:01") as serving:
        page = opened(serving.url)
        waits(page, lambda: "Open again Monday" in page.inner_text("#sentence"))
        assert not page.locator("#tools").is_visible()
        assert not page.locator("#scale").is_visible()
        assert page.locator(".wipe:visible").count() == 0


# The contrast (WCAG 2.2, 1.4.3) of each visible text with what is behind it, on the lightest and the darkest picture.
CONTRASTS = """(lightest) => {
  const parse = (text) => { const m = text.match(/[\\d.]+/g).map(Number); return m.length > 3 ? m : [...m, 1]; };
  const over = ([r, g, b, a], under) => [r, g, b].map((c, k) => c * a + under[k] * (1 - a));
  const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || !element.getClientRects().length) continue;
    if (element.tagName === "OPTION" || element.tagName === "SCRIPT" || element.tagName === "TITLE") continue;
    const chain = [];
    for (let up = element; up; up = up.parentElement) chain.unshift(parse(getComputedStyle(up).backgroundColor));
    chain.splice(0, 2); // the ground of the page lies under the picture
    for (const base of [[0, 0, 0], [lightest, lightest, lightest]]) {
      const ground = chain.reduce((under, layer) => over(layer, under), base);
      const text = over(parse(getComputedStyle(element).color), ground);
      const [a, b] = [light(text), light(ground)].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < 4.5) found.push([element.id || element.textContent.slice(0, 30), ratio.toFixed(2)]);
    }
  }
  return found;
}"""


@pytest.mark.parametrize(
    ("size", "lightest"), [((1366, 768), 255), ((390, 844), 76)]
)  # there the words lie on a dark ground
def test_every_word_can_be_read_in_every_state(opened, serving, size, lightest):
    page = opened(serving.url, width=size[0], height=size[1], has_touch=True)
    says(page, "cat")
    assert page.evaluate(CONTRASTS, lightest) == []
    for button in ("compare", "cover"):
        for act in (page.tap, page.hover):
            act(f"#{button}")
            page.wait_for_timeout(400)
            assert page.evaluate(CONTRASTS, lightest) == [], (button, act)
        page.keyboard.press("0")
    page.evaluate("document.querySelectorAll('button').forEach((one) => (one.disabled = true))")
    assert page.evaluate(CONTRASTS, lightest) == []
    page.reload()
    says(page, "cat")
    page.evaluate(
        "for (const id of ['notice', 'call', 'camera', 'game', 'reason', 'covering'])"
        "  Object.assign(document.getElementById(id), { hidden: false }).append('words');"
        "document.getElementById('camera').classList.add('small')"
    )
    assert page.evaluate(CONTRASTS, lightest) == []


def findings(page):
    return [(one["id"], one["nodes"][0]["html"]) for one in Axe().run(page).response["violations"]]


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
def test_the_page_is_accessible_in_every_state(opened, serving, size):
    page = opened(serving.url, width=size[0], height=size[1])
    says(page, "cat")
    assert findings(page) == []
    for opener in ("#open-ask", "#challenge", "#open-more"):
        page.click(opener)
        page.wait_for_timeout(300)
        assert findings(page) == [], opener
        page.keyboard.press("Escape")
    page.click("#cover")
    page.wait_for_timeout(300)
    assert findings(page) == []
    page.click("#cover")
    page.click("#compare")
    waits(page, lambda: page.locator("#captions button").count() == 2)
    assert findings(page) == []
    page.keyboard.press("0")


def test_the_staff_page_is_accessible(opened, serving):
    page = opened(serving.url)
    page.goto(f"{serving.url}/staff")
    waits(page, lambda: page.locator("#sign-in").is_visible())
    assert findings(page) == []
    page.goto(f"{serving.url}/staff#{TOKEN}")
    page.reload()
    waits(page, lambda: page.locator("#desk").is_visible())
    assert findings(page) == []
