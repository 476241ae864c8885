"""What one address can do to the live page, and how soon visitors see what they cover.

    python tests/benchmarks/crowd.py doors [--connections 1000] [--seconds 20]
    python tests/benchmarks/crowd.py cover [--times 40]

``doors`` holds so many silent connections and so many slow requests open from one address, while a screen that was connected
before counts its pictures, and new ones from another address come in. ``cover`` paints over the hottest and the coldest tenth
of the sample's scenes on the page in Chromium, and measures when the bar has moved by half of what it will.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from makers.cameras import Camera
from makers.servers import TOKEN, Serving

from streamcam import Frame, VideoInfo, VideoSink, VideoSource
from streamcam.settings import Encoding

_AGAIN = 25  # of each kind, each half second
ATTACKER, OTHER = "127.0.0.1", "127.0.0.2"


def _more_files() -> None:
    with suppress(ImportError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Attack:
    """Connections from one address, half of them silent and half slow; those that are closed are opened again, 100 a second."""

    def __init__(self, port: int, count: int) -> None:
        self._port, self._count = port, count
        self._stop = threading.Event()
        self.opened = 0
        self._threads = [threading.Thread(target=self._hold, args=(slow,), daemon=True) for slow in (False, True)]
        for thread in self._threads:
            thread.start()

    def _hold(self, slow: bool) -> None:
        held: list[socket.socket] = []
        first = True
        while not self._stop.is_set():
            missing = self._count - len(held)
            for _ in range(missing if first else min(missing, _AGAIN)):
                with suppress(OSError):
                    one = socket.create_connection((ATTACKER, self._port), timeout=2, source_address=(ATTACKER, 0))
                    one.setblocking(False)
                    held.append(one)
                    self.opened += 1
                    if slow:
                        one.send(b"GET /live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            first = False
            self._stop.wait(0.5)
            held = [one for one in held if self._is_open(one, slow)]
        for one in held:
            one.close()

    def _is_open(self, one: socket.socket, slow: bool) -> bool:
        try:
            if slow:
                one.send(b"a")
            return one.recv(1) != b""
        except BlockingIOError:
            return True
        except OSError:
            one.close()
            return False

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def doors(connections: int, seconds: float) -> None:
    _more_files()
    with Camera(width=1280, height=720) as camera, Serving(camera.url) as serving, serving.connected() as screen:
        screen.explained()

        def rate() -> float:
            end, count = time.monotonic() + seconds, 0
            while time.monotonic() < end:
                screen.picture()
                count += 1
            return count / seconds

        def enters(key: str) -> None:
            with serving.connected(key, source_address=(OTHER, 0)) as viewer:
                viewer.receive("welcome")
                viewer.picture()

        def health() -> None:
            with socket.create_connection(("127.0.0.1", serving.port), source_address=(OTHER, 0), timeout=20) as one:
                one.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                assert b"200 OK" in one.recv(100)

        before = rate()
        attack = Attack(serving.port, connections)
        time.sleep(3)
        entered: list[float] = []
        answered: list[float] = []
        stop = threading.Event()

        def come() -> None:
            while not stop.wait(0.5):
                for key in ("", TOKEN):
                    entered.append(_seconds(lambda key=key: enters(key)))  # type: ignore[misc]
                answered.append(_seconds(health))

        others = threading.Thread(target=come)
        others.start()
        during = rate()
        stop.set()
        others.join()
        turned = serving.metric("streamcam_connections_turned_away_total")
        attack.end()
    print(f"{attack.opened} connections of one address opened, {turned:.0f} turned away for others")
    print(f"a screen that was there: {before:.1f} pictures a second before, {during:.1f} meanwhile")
    print(f"new screens and staff, from another address, to their first picture: at most {1000 * max(entered):.0f} ms")
    print(f"/health: at most {1000 * max(answered):.0f} ms, of {len(answered)}")


# Notes on the page when which share of the named class was shown.
_WATCH = """() => {
  window.seen = [];
  const look = () => {
    const share = document.querySelector('#bars [aria-pressed=true] .share')?.textContent.replace(/[^0-9]/g, '');
    if (share && window.seen.at(-1)?.[1] !== Number(share)) window.seen.push([Date.now(), Number(share)]);
  };
  look();
  new MutationObserver(look).observe(document.getElementById('bars'), { subtree: true, childList: true, characterData: true });
}"""


@contextmanager
def _still(sample: Path, second: float) -> Iterator[Path]:
    """One frame of a clip for two seconds."""
    with VideoSource(sample) as source:
        frame = next(frame for frame in source if frame.time >= second)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "still.mp4"
        height, width = frame.image.shape[:2]
        with VideoSink(path, VideoInfo(width, height, Fraction(30)), encoding=Encoding(crf=10)) as sink:
            for index in range(60):
                sink.write(Frame(frame.image, index, index / 30), None)
        yield path


def _dabs(header: dict[str, Any], heat: bytes, *, hottest: bool) -> list[tuple[float, float, float]]:
    """Over a tenth of the places of a map, as the page's button paints them."""
    _, height, width = header["heat"]
    x0, y0, x1, y1 = header["region"]
    levels = np.frombuffer(heat, np.uint8).reshape(-1, height, width)[0]
    step = max(1, round(max(width, height) / 14))
    places = [
        (int(levels[y, x]), x0 + (x + 0.5) / width * (x1 - x0), y0 + (y + 0.5) / height * (y1 - y0))
        for y in range(step // 2, height, step)
        for x in range(step // 2, width, step)
    ]
    places.sort(reverse=hottest)
    aspect = 16 / 9
    radius = 0.62 * (x1 - x0) * aspect * step / width
    return [(round(x, 3), round(y, 3), round(radius, 3)) for _, x, y in places[: max(1, round(0.1 * len(places)))]]


def cover(times: int) -> None:
    from playwright.sync_api import sync_playwright

    sample = Path(__file__).parents[2] / "samples" / "cat_and_coffee.mp4"
    for name, second in (("espresso", 3.2), ("Egyptian cat", 0.2)):
        falls: dict[bool, list[float]] = {True: [], False: []}
        delays: list[float] = []
        with (
            _still(sample, second) as clip,
            Serving(str(clip), "--loop", "--target", name) as serving,
            sync_playwright() as playwright,
            serving.connected() as visitor,
        ):
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.goto(serving.url)
            page.wait_for_selector("#bars [aria-pressed=true]")
            page.wait_for_timeout(3000)
            for turn in range(times):
                hottest = turn % 2 == 0
                while "targets" not in (found := visitor.picture())[0]:
                    pass
                page.evaluate(_WATCH)
                began = 1000 * time.time()
                visitor.send(do="paint", dabs=_dabs(found[0], found[1], hottest=hottest))
                page.wait_for_timeout(1500)
                seen = page.evaluate("window.seen")
                before, after = seen[0][1], seen[-1][1]
                falls[hottest].append(1 - after / max(before, 1))
                if hottest and after < 0.8 * before:
                    half = next(at for at, share in seen if share <= (before + after) / 2)
                    delays.append(half - began)
                visitor.send(do="paint", dabs=[])
                page.wait_for_timeout(1500)
                for _ in range(80):  # what came meanwhile
                    visitor.picture()
            browser.close()
        hot, cold = (float(np.mean(falls[which])) for which in (True, False))
        late = (
            f"half of the fall is seen after {np.percentile(delays, 95):.0f} ms (p95)"
            if delays
            else "no fall to be seen"
        )
        print(f"{name}: loses {hot:.2f} by the hottest tenth, {cold:.2f} by the coldest; {late}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("doors", "cover"))
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--times", type=int, default=40)
    asked = parser.parse_args()
    if asked.what == "doors":
        doors(asked.connections, asked.seconds)
    else:
        cover(asked.times)


if __name__ == "__main__":
    main()
