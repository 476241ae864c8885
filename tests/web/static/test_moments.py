"""The strip of time on the page, in a real Chromium, of the bundled video classifier."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from axe_playwright_python.sync_playwright import Axe
from makers.pages import waits
from makers.servers import Serving

SAMPLE = Path(__file__).parents[3] / "samples" / "moving.mp4"


def strip(page):
    """``(columns,)``: how much of each column of the strip is filled, 0…1."""
    image = cv2.imdecode(np.frombuffer(page.locator("#moments canvas").screenshot(), np.uint8), 1).astype(int)
    filled = (image[..., 2] > 200) & (image[..., 0] < 140)  # yellow
    return np.array([part.any(axis=1).mean() for part in np.array_split(filled, 16, axis=1)])


def test_when_is_shown_besides_where(opened):
    with Serving(str(SAMPLE), "-m", "motions", "--loop", "--clip-stride", "1") as serving:
        page = opened(serving.url)
        page.wait_for_selector("#moments:not([hidden])", timeout=120_000)
        page.wait_for_selector("#sentence b", timeout=60_000)
        assert page.locator("#moments p").inner_text().startswith("When: the last 0.5 s")
        assert page.locator("#moments canvas").get_attribute("aria-label") == "When"
        most, moved = np.zeros(16), 0
        before = None
        for _ in range(60):
            found = strip(page)
            most = np.maximum(most, found)
            moved += before is not None and not np.allclose(found, before, atol=0.1)
            before = found
            page.wait_for_timeout(100)
        assert (most > 0.3).sum() >= 12  # evidence wanders through the strip
        assert moved >= 10
        assert Axe().run(page).response["violations"] == []


def test_it_speaks_the_visitors_language_and_says_what_was_a_moment_ago(opened):
    with Serving(str(SAMPLE), "-m", "motions", "--loop", "--clip-stride", "1") as serving:
        page = opened(f"{serving.url}/?language=de")
        page.wait_for_selector("#moments:not([hidden])", timeout=120_000)
        names = set()
        waits(page, lambda: "geschah" in page.locator("#sentence").inner_text())
        for _ in range(50):
            names.add(page.locator("#bars .name").first.inner_text())
            page.wait_for_timeout(100)
        assert names & {"geht nach links", "geht nach rechts", "wird größer", "wird kleiner"}
        assert not names & {"moves left", "moves right", "grows", "shrinks"}


def test_a_model_of_single_pictures_has_no_such_strip(opened, serving):
    page = opened(serving.url)
    page.wait_for_selector("#bars li:not([hidden])")
    assert not page.locator("#moments").is_visible()
