"""Make ``page.jpg``, the picture of the live page in the README: six screens of the sample clip.

pip install ".[serve]" playwright   (and Chromium)
python samples/make_page_picture.py
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
GAP = 12


def answered(page: Page, url: str) -> None:
    """The page, with an answer of the second scene."""
    page.goto(url)
    page.wait_for_selector("#bars li:not([hidden])")
    page.wait_for_timeout(3000)
    while "spresso" not in page.locator("#bars .name").first.inner_text():
        page.wait_for_timeout(50)
    page.wait_for_timeout(1000)


def shot(page: Page) -> np.ndarray:
    """What is on the screen, BGR."""
    return cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)


def main() -> None:
    """Write the picture."""
    command = [sys.executable, "-m", "streamcam", "serve", str(HERE / "cat_and_coffee.mp4"), "--loop", "--port", "0"]
    with subprocess.Popen([*command, "--every", "1"], stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout
        found = re.match(r"page: (\S+)", serving.stdout.readline())
        assert found
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            screens = {}
            for name, size in (("wide", (1280, 720)), ("tall", (540, 960)), ("phone", (390, 844))):
                page = browser.new_page(viewport={"width": size[0], "height": size[1]})
                answered(page, f"{found[1]}?language=de" if name == "phone" else found[1])
                screens[name] = shot(page)
                if name == "wide":
                    page.click("#open-ask")
                    page.wait_for_timeout(300)
                    screens["find"] = shot(page)
                    page.keyboard.press("Escape")
                    page.click("#cover")
                    while page.locator("#bars .name").first.text_content() != "espresso":
                        page.wait_for_timeout(50)
                    page.click("#cover-hot")
                    page.wait_for_timeout(900)
                    screens["cover"] = shot(page)
                    page.click("#stop-paint")
                    page.click("#compare")
                    page.wait_for_timeout(3500)
                    screens["compare"] = shot(page)
                    page.click("#compare")
                    page.wait_for_timeout(300)
                page.close()
            browser.close()
        serving.terminate()

    height = 720
    wide = [cv2.resize(screens[name], (640, 360 - GAP // 2)) for name in ("wide", "find", "cover", "compare")]
    line = np.full((GAP, 640, 3), 255, np.uint8)
    columns = [np.vstack([wide[0], line, wide[1]]), np.vstack([wide[2], line, wide[3]])]
    for name in ("tall", "phone"):
        screen = screens[name]
        columns.append(cv2.resize(screen, (round(screen.shape[1] * height / screen.shape[0]), height)))
    gap = np.full((height, GAP, 3), 255, np.uint8)
    picture = np.hstack([part for column in columns for part in (column, gap)][:-1])
    cv2.imwrite(str(HERE / "page.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 86])


if __name__ == "__main__":
    main()
