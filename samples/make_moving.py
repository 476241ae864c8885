"""Make ``moving.mp4``, and ``moving.jpg`` of it: a cup of espresso that moves in one way after the other.

Thirteen seconds, 480x360, 30 frames a second.

    pip install streamcam scikit-image
    python samples/make_moving.py

The cup and what it moves over are two photographs that scikit-image ships, dedicated to the public domain (CC0 1.0): ``coffee``,
by Rachel Michetti (via Pikolo Espresso Bar), and ``camera``, by Lav Varshney. ``STEPS`` says what happens when.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamcam.system.ffmpeg import av

WIDTH, HEIGHT, RATE = 480, 360, 30
CUP = (160, 10, 420, 310)  # in pixels of the photograph: x0, y0, x1, y1
REST, MOVE = 0.9, 0.6  # seconds of standing still, and of each motion

# What happens, and where it has brought the cup: its middle in pixels, and its width.
STEPS = (
    ("moves left", (130, 180), 110),
    ("moves right", (350, 180), 110),
    ("moves up", (350, 90), 110),
    ("moves left", (240, 90), 110),
    ("moves down", (240, 190), 110),
    ("grows", (240, 190), 240),
    ("shrinks", (240, 190), 100),
    ("moves right", (370, 190), 100),
)
START = ((330, 180), 110)
SHOWN = (34, 127, 261)  # frames of the picture


def events() -> list[tuple[str, float, float]]:
    """What happens, and when it begins and ends, in seconds."""
    return [(name, REST + k * (REST + MOVE), (k + 1) * (REST + MOVE)) for k, (name, *_) in enumerate(STEPS)]


def cup_at(time: float) -> tuple[float, float, float]:
    """Middle and width of the cup, in pixels, at a time in seconds."""
    (x, y), width = START
    for (_, begin, end), (_, (next_x, next_y), next_width) in zip(events(), STEPS, strict=True):
        share = min(max((time - begin) / (end - begin), 0.0), 1.0)
        share = (3 - 2 * share) * share**2  # eased in and out
        x, y, width = x + (next_x - x) * share, y + (next_y - y) * share, width + (next_width - width) * share
    return x, y, width


def main(path: Path) -> None:
    """Write the video."""
    from skimage import data

    x0, y0, x1, y1 = CUP
    cup = cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2BGR)[y0:y1, x0:x1].astype(np.float32)
    height, width = cup.shape[:2]
    mask = np.zeros((height, width), np.float32)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 2 - 6, height // 2 - 8), 0, 0, 360, 1.0, cv2.FILLED)
    mask = cv2.GaussianBlur(mask, (0, 0), 3)
    ground = cv2.resize(cv2.cvtColor(data.camera(), cv2.COLOR_GRAY2BGR)[60:444], (WIDTH, HEIGHT)).astype(np.float32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "24", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for index in range(round((len(STEPS) * (REST + MOVE) + REST) * RATE)):
            x, y, wide = cup_at(index / RATE)
            zoom = wide / width
            transform = np.array([[zoom, 0, x - zoom * width / 2], [0, zoom, y - zoom * height / 2]])
            alpha = cv2.warpAffine(mask, transform, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)[..., None]
            placed = cv2.warpAffine(cup, transform, (WIDTH, HEIGHT), flags=cv2.INTER_AREA)
            picture = (ground * (1 - alpha) + placed * alpha).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))


def draw_picture(video: Path, path: Path) -> None:
    """Write ``moving.jpg``, the picture in the README: three moments as streamcam annotates them."""
    from streamcam import Overlay, load_model, run
    from streamcam.explainers.clips import ClipGradCAM
    from streamcam.sources import VideoSource
    from streamcam.steady.naming import SteadyNaming
    from streamcam.types import Explanation, Frame

    explain, found = ClipGradCAM(load_model("motions")), []

    class Keeping:
        def write(self, frame: Frame, explanation: Explanation | None) -> None:
            if frame.index in SHOWN:
                found.append(frame.image)

    with VideoSource(video) as source:
        overlay = Overlay(explain.labels, mode="heat", alpha=0.9)
        run(source, explain, [Keeping()], overlay=overlay, naming=SteadyNaming())
    cv2.imwrite(str(path), np.hstack(found), [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    wanted = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("moving.mp4")
    main(wanted)
    draw_picture(wanted, wanted.with_suffix(".jpg"))
