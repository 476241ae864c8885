"""What the live page does with many viewers, over long days, and how late it is.

    python tests/benchmarks/exhibit.py viewers [--viewers 100] [--seconds 60]
    python tests/benchmarks/exhibit.py delay [--seconds 60]     # 720p at 30 fps, to the canvas of a real Chromium
    python tests/benchmarks/exhibit.py switch                   # from a question to its first answer
    python tests/benchmarks/exhibit.py soak [--hours 2] [--minutes 10]

``soak`` runs an exhibit's hours in minutes: the program's clocks go faster by that factor, and meanwhile the camera is
lost and comes back, freezes and sends garbage, viewers come and go, pages are loaded again, and the time of day jumps.
Chromium shows the page (``apt install chromium``; ``pip install playwright``).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from makers.cameras import Camera
from makers.servers import TOKEN, Serving, unpack
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from streamcam.choices import Method


async def _look(url: str, until: float, *, stalled: bool, counts: list[int]) -> None:
    """A viewer: acknowledges each picture, or, stalled, none."""
    try:
        async with connect(url, max_size=None, compression=None) as socket:
            with contextlib.suppress(ConnectionClosed):  # which says why it was
                await socket.send('{"do": "hello"}')
            while time.monotonic() < until:
                message = await asyncio.wait_for(socket.recv(), 30)
                if isinstance(message, bytes):
                    counts[0] += 1
                    if stalled:
                        await asyncio.sleep(max(0.0, until - time.monotonic()))
                    await socket.send(json.dumps({"do": "ack", "id": unpack(message)[0]["id"]}))
                elif "refused" in message:
                    counts[1] += 1
                    return
    except Exception as error:
        counts[2] += 1
        if os.environ.get("DEBUG"):
            print(type(error), error)


def _audience(port: int, viewers: int, seconds: float, stalled: int = 0) -> list[list[int]]:
    """Connect so many viewers; for each the pictures, refusals and errors."""
    counts = [[0, 0, 0] for _ in range(viewers)]

    async def all_of_them() -> None:
        until = time.monotonic() + seconds
        url = f"ws://localhost:{port}/live"
        await asyncio.gather(
            *(_look(url, until, stalled=k < stalled, counts=own) for k, own in enumerate(counts))
        )  # fmt: skip

    asyncio.run(all_of_them())
    return counts


def viewers(number: int, seconds: float) -> None:
    with Camera(width=1280, height=720) as camera, Serving(camera.url, "--max-viewers", str(number)) as serving:
        process = psutil.Process(serving.process.pid)
        with serving.connected() as viewer:
            viewer.explained()
        _audience(serving.port, 1, 5)

        def measured(count: int, stalled: int = 0) -> tuple[float, float, list[list[int]]]:
            names = ("explanations", "frames", "frames_encoded")
            before = [serving.metric(f"streamcam_{name}_total") for name in names]
            began = time.monotonic()
            counts = _audience(serving.port, count, seconds, stalled) if count else (time.sleep(seconds) or [])
            took = time.monotonic() - began
            maps, frames, encoded = (
                serving.metric(f"streamcam_{n}_total") - b for n, b in zip(names, before, strict=True)
            )
            memory = process.memory_info().rss / 1e6
            mean = sum(own[0] for own in counts) / took / max(1, count)
            print(
                f"{count:4d} viewers: {maps / took:5.1f} maps/s, {frames / took:5.1f} frames/s, {encoded / took:5.1f} "
                f"encoded/s, {mean:5.1f} pictures/s for each, {memory:.0f} MB, "
                f"{sum(own[1] for own in counts)} refused, {sum(own[2] for own in counts)} errors",
                flush=True,
            )
            return maps / took, memory, counts

        alone = measured(1)[0]
        many, memory, _ = measured(number)
        again, memory_again, counts = measured(number, stalled=number // 10)
        lively = [own[0] for own in counts[number // 10 :]]
        print(f"explainer's rate with {number} viewers: {many / alone:.0%} and {again / alone:.0%} of that with one")
        print(f"memory: {memory:.0f} MB, and after as long again {memory_again:.0f} MB")
        print(f"with {number // 10} stalled, the others got {min(lively)} to {max(lively)} pictures")
        refused = _audience(serving.port, number + 1, 5)
        print(f"{number + 1} viewers: {sum(own[1] for own in refused)} refused because it is full")


def _chromium(playwright: Any) -> Any:
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])


def delay(seconds: float) -> None:
    from playwright.sync_api import sync_playwright

    with Camera(width=1280, height=720) as camera, Serving(camera.url) as serving, sync_playwright() as playwright:
        with serving.connected() as viewer:
            viewer.explained()
        browser = _chromium(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(serving.url)
        page.wait_for_selector("#bars li")
        before = serving.metric("streamcam_frames_encoded_total")
        time.sleep(seconds)
        shown = (serving.metric("streamcam_frames_encoded_total") - before) / seconds
        health = serving.health()
        browser.close()
    print(f"{shown:.1f} frames a second painted, {health['maps_per_second']} maps a second")
    print("from arrival to the canvas, as acknowledged by the page, ms:", health["delay_ms"])


def switch() -> None:
    """How long the first answer to a new question takes: two classes compared, each method, each for the first time."""
    with Camera(width=1280, height=720) as camera, Serving(camera.url) as serving, serving.connected() as viewer:
        viewer.explained()
        wishes: list[tuple[str, Method, list[int]]] = [("two classes compared", "gradcam", [285, 967])]
        wishes += [
            (method, method, [number]) for number, method in enumerate(get_args(Method)) if method != "attention"
        ]
        for name, method, classes in wishes:
            began = time.perf_counter()
            viewer.send(do="method", method=method)
            viewer.send(do="explain", classes=classes)
            while [index for index, _ in viewer.explained()["targets"]] != classes:
                pass
            print(f"{name}: {time.perf_counter() - began:.2f} s", flush=True)


# The program with faster clocks. Everything else is as users have it.
_FASTER = """
import sys, time
from datetime import datetime, timedelta
factor, jumps = float(sys.argv[1]), sys.argv[2]
began, wall = time.monotonic(), datetime(2026, 11, 23, 9, 0)
def clock(): return began + (time.monotonic() - began) * factor
def wall_clock():
    try: jump = float(open(jumps).read() or 0)
    except (OSError, ValueError): jump = 0
    return wall + timedelta(seconds=(time.monotonic() - began) * factor + jump)
import streamcam.sources.live.exhibit as exhibit, streamcam.web.state as state
exhibit.ExhibitSource.__init__.__kwdefaults__.update(clock=clock, wall_clock=wall_clock)
state.PageState.__init__.__kwdefaults__.update(clock=clock)
sys.argv = ["streamcam", *sys.argv[3:]]
from streamcam.cli import main
main()
"""


class _Exhibit(Serving):
    def __init__(self, factor: float, jumps: Path, *arguments: str) -> None:
        command = [sys.executable, "-c", _FASTER, str(factor), str(jumps), "serve", *arguments, "--port", "0"]
        self.process = subprocess.Popen(
            command, env=os.environ | {"STREAMCAM_TOKEN": TOKEN}, stdout=subprocess.PIPE, stderr=None, text=True
        )
        assert self.process.stdout
        self.scheme, self.port = "http", int(self.process.stdout.readline().split(":")[-1].strip("/\n"))
        self.url = f"http://localhost:{self.port}"


def soak(hours: float, minutes: float) -> None:
    """Faults at random, each waited for until it is over; then what is held is compared."""
    from playwright.sync_api import TimeoutError as PlaywrightTimeout
    from playwright.sync_api import sync_playwright

    factor = hours * 60 / minutes
    random_ = random.Random(6)
    jumps = Path(f"/tmp/streamcam-soak-{os.getpid()}") if os.name == "posix" else Path("streamcam-soak")
    tally: dict[str, list[int]] = {}
    camera = Camera()
    port = camera.port
    arguments = [camera.url, "--kiosk", "--stall-timeout", "2", "--hours", "Mon-Sun 6-23", "--attract-after", "120"]
    settings = jumps.with_suffix(".json")
    arguments += ["--settings", str(settings), "--fail-after", "15"]
    with _Exhibit(factor, jumps, *arguments) as serving, sync_playwright() as playwright:
        page = _chromium(playwright).new_page(viewport={"width": 960, "height": 540})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(5000)
        page.goto(serving.url)
        process = psutil.Process(serving.process.pid)

        def waits(condition: Callable[[], bool], seconds: float = 40) -> bool:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                if condition():
                    return True
                page.wait_for_timeout(100)
            return False

        def phase(*names: str) -> Callable[[], bool]:
            return lambda: serving.health()["phase"] in names

        def painting() -> bool:
            seen = serving.metric("streamcam_frames_encoded_total")
            page.wait_for_timeout(700)
            return serving.metric("streamcam_frames_encoded_total") > seen

        def camera_lost() -> bool:
            nonlocal camera
            camera.close()
            lost = waits(phase("attracting"))
            camera = Camera(port=port)
            return lost and waits(phase("live"))

        def camera_fault(name: str) -> bool:
            count = serving.metric("streamcam_source_reconnects_total") + serving.metric(
                "streamcam_source_stalls_total"
            )
            camera.fault(name)
            page.wait_for_timeout(4000)
            camera.fault("none")
            counted = serving.metric("streamcam_source_reconnects_total") + serving.metric(
                "streamcam_source_stalls_total"
            )
            return waits(phase("live")) and (counted > count or name == "garbage")

        def viewers_come_and_go() -> bool:
            with ThreadPoolExecutor(1) as beside:  # Playwright has this thread's event loop
                counts = beside.submit(_audience, serving.port, 20, random_.uniform(1, 3), 2).result()
            return all(own[0] for own in counts) and waits(lambda: serving.health()["viewers"] == 1)

        def reload() -> bool:
            page.reload()
            return painting()

        def somebody_asks() -> bool:
            resets = serving.metric("streamcam_idle_resets_total")
            with serving.connected() as visitor:
                visitor.send(do="explain", classes=[random_.randrange(1000)])
                visitor.receive("state")
            return waits(lambda: serving.metric("streamcam_idle_resets_total") > resets, 60)

        def clock_jumps() -> bool:
            closed = True
            if random_.random() < 0.5:
                jumps.write_text(str(15 * 3600))  # into the night
                closed = waits(phase("closed"))
            jumps.write_text(str(random_.choice([-2, 3, 24, 24 * 30]) * 3600))
            return closed and waits(phase("live", "attracting"))

        def open_hours() -> bool:
            jumps.write_text(str(random_.choice([0, 24]) * 3600)) if serving.health()["phase"] == "closed" else None
            return waits(phase("live", "attracting"))

        def asks() -> tuple[int, ...]:
            with serving.connected() as witness:
                return tuple(witness.receive("state")["asked"])

        def press(selector: str) -> None:
            page.click(selector, force=True)  # what stands still moves slowly here, for the screen's sake

        def played(act: Callable[[], bool]) -> Callable[[], bool]:
            """Somebody plays on the page; its dialogs close when the idle time, which is short here, is over: once more."""

            def fault() -> bool:
                for _ in range(4):
                    open_hours()
                    with contextlib.suppress(PlaywrightTimeout):
                        return act()
                return False

            return fault

        def a_tile() -> bool:
            press("#open-ask")
            page.locator("#tiles .tile").nth(random_.randrange(12)).click()
            return waits(lambda: bool(asks()))

        def make_it_say() -> bool:
            press("#challenge")
            page.locator("#challenges .tile").nth(random_.randrange(6)).click()
            played = waits(lambda: bool(asks()))
            page.wait_for_timeout(1000)
            if page.locator("#stop-game").is_visible():  # the page goes back by itself, too
                press("#stop-game")
            return played

        def cover_it() -> bool:
            press("#cover")
            page.mouse.move(200, 150)
            page.mouse.down()
            for step in range(12):
                page.mouse.move(200 + 40 * step, 150 + random_.randrange(200))
            page.mouse.up()
            page.wait_for_timeout(600)
            if page.locator("#stop-paint").is_visible():
                press("#stop-paint")
            return waits(lambda: page.locator("#answer").is_visible())

        def another_language() -> bool:
            press("#open-more")
            code = random_.choice(["en", "fr", "de"])
            page.select_option("#language", code)
            page.keyboard.press("Escape")
            return waits(lambda: page.evaluate("document.documentElement.lang") in (code, "en"))

        def settings_damaged() -> bool:
            settings.write_text("{")
            with serving.connected(TOKEN) as staff:
                staff.receive("welcome")
                staff.send(do="settings", alpha=random_.choice([0.5, 0.6, 0.7]))
                staff.receive("state")
            return waits(lambda: '"alpha"' in settings.read_text())

        faults: dict[str, Callable[[], bool]] = {
            "a tile": played(a_tile),
            "make it say": played(make_it_say),
            "cover it up": played(cover_it),
            "another language": played(another_language),
            "settings file damaged": settings_damaged,
            "camera lost and back": camera_lost,
            "camera freezes": lambda: camera_fault("freeze"),
            "camera disconnects": lambda: camera_fault("disconnect"),
            "garbage from the camera": lambda: camera_fault("garbage"),
            "viewers come and go": viewers_come_and_go,
            "page loaded again": reload,
            "somebody asks and leaves": somebody_asks,
            "time of day jumps": clock_jumps,
        }

        def held() -> tuple[float, int, int, int]:
            files = process.num_fds() if hasattr(process, "num_fds") else process.num_handles()
            return round(process.memory_info().rss / 1e6, 1), process.num_threads(), len(process.children()), files

        assert waits(painting)
        for _ in range(2):  # everything has been used once before it is compared
            for name, fault in faults.items():
                if not fault():
                    print(f"while warming up: {name} was not recovered", serving.health())
        start, memory = held(), []
        began = time.monotonic()
        while time.monotonic() - began < 60 * minutes:
            name = random_.choice(list(faults))
            done = tally.setdefault(name, [0, 0])
            done[0] += 1
            done[1] += faults[name]() and waits(painting)
            memory.append(held()[0])
            assert serving.process.poll() is None
        waits(lambda: serving.health()["viewers"] == 1)
        end = held()
        open_hours()
        camera.close()  # for good
        gone = [serving.health()["status"] for _ in range(1) if waits(lambda: serving.health()["status"] == "degraded")]
        gone += [serving.health()["status"] for _ in range(1) if waits(lambda: serving.health()["status"] == "failing")]
        took = (time.monotonic() - began) * factor / 3600
        print(f"{took:.1f} hours of exhibit in {(time.monotonic() - began) / 60:.1f} minutes, one process, no restart")
        for name, (injected, recovered) in sorted(tally.items()):
            print(f"  {name:26s} {injected:3d} injected, {recovered:3d} recovered")
        print("a camera that is gone for good:", ", then ".join(gone), f"({serving.health()['reason']})")
        print("held (MB, threads, processes, files) at start", start, "and at the end", end)
        print(
            f"memory on the way: {min(memory):.0f} to {max(memory):.0f} MB; the page complained {len(complaints)} times"
        )
        print("the program's own count:", {k: v for k, v in serving.health().items() if k != "delay_ms"})
    camera.close()
    jumps.unlink(missing_ok=True)
    settings.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("viewers", "delay", "switch", "soak"))
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--minutes", type=float, default=10)
    asked = parser.parse_args()
    if asked.what == "viewers":
        viewers(asked.viewers, asked.seconds)
    elif asked.what == "delay":
        delay(asked.seconds)
    elif asked.what == "switch":
        switch()
    else:
        soak(asked.hours, asked.minutes)


if __name__ == "__main__":
    main()
