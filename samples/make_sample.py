"""Make ``cat_and_coffee.mp4``: six seconds, 640x360, 30 frames a second, with sound, a cut in the middle.

    pip install streamcam scikit-image
    python samples/make_sample.py

The pictures are two photographs that scikit-image ships, both dedicated to the public domain (CC0 1.0): ``chelsea``,
a cat, by Stéfan van der Walt; ``coffee``, a cup of espresso, by Rachel Michetti (via Pikolo Espresso Bar). The sound
is two chords, made here.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from streamcam.system.ffmpeg import av

WIDTH, HEIGHT, RATE = 640, 360, 30
SCENE = 90  # frames of each of the two scenes
SOUND_RATE = 48_000

# In pixels of the photograph: the camera's centre and width at the start and at the end, and a box (x0, y0, x1, y1)
# around the animal's face or the cup.
SCENES = {
    "chelsea": {"path": ((190, 130, 370), (260, 160, 300)), "box": (40, 5, 360, 285)},
    "coffee": {"path": ((330, 230, 520), (270, 170, 400)), "box": (165, 10, 410, 310)},
}


def view_at(index: int) -> tuple[str, np.ndarray]:
    """The photograph shown in a frame, and the 2x3 transform from its pixels to the frame's."""
    name = list(SCENES)[index // SCENE]
    start, end = (np.array(point, float) for point in SCENES[name]["path"])
    progress = (index % SCENE) / (SCENE - 1)
    x, y, width = start + (end - start) * (3 - 2 * progress) * progress**2  # eased in and out
    zoom = WIDTH / width
    return name, np.array([[zoom, 0, WIDTH / 2 - zoom * x], [0, zoom, HEIGHT / 2 - zoom * y]])


def box_at(index: int) -> tuple[float, float, float, float]:
    """Where the cat or the cup lies in a frame: ``(x0, y0, x1, y1)`` in frame pixels, within the frame."""
    name, transform = view_at(index)
    x0, y0, x1, y1 = SCENES[name]["box"]
    corners = transform @ np.array([[x0, x1], [y0, y1], [1, 1]])
    (x0, x1), (y0, y1) = np.clip(corners[0], 0, WIDTH), np.clip(corners[1], 0, HEIGHT)
    return float(x0), float(y0), float(x1), float(y1)


def sound() -> np.ndarray:
    """``(2, N)`` float32 stereo: a soft chord for each scene."""
    t = np.arange(SCENE * SOUND_RATE // RATE) / SOUND_RATE
    envelope = np.minimum(1, np.minimum(t, t[-1] - t) / 0.4)
    chords = [
        sum(np.sin(2 * np.pi * note * t) for note in notes) for notes in ((220, 277.2, 329.6), (196, 246.9, 293.7))
    ]
    mono = np.concatenate([0.05 * envelope * chord for chord in chords])
    return np.stack([mono, np.roll(mono, 200)]).astype(np.float32)


def make(path: Path) -> None:
    """Write the clip."""
    import skimage.data

    photographs = {name: getattr(skimage.data, name)()[..., ::-1].copy() for name in SCENES}
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        video = container.add_stream("h264", rate=RATE, options={"crf": "23", "preset": "veryslow"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.colorspace, video.codec_context.color_range = 6, 1
        video.codec_context.color_primaries = video.codec_context.color_trc = 1
        audio = container.add_stream("aac", rate=SOUND_RATE, layout="stereo")
        audio.bit_rate = 96_000
        for index in range(2 * SCENE):
            name, transform = view_at(index)
            image = cv2.warpAffine(
                photographs[name], transform, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
            )
            picture = av.VideoFrame.from_ndarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), format="yuv420p")
            picture.pts, picture.time_base = index, Fraction(1, RATE)
            container.mux(video.encode(picture))
        container.mux(video.encode(None))
        samples = sound()
        for start in range(0, samples.shape[1], 1024):
            block = np.ascontiguousarray(samples[:, start : start + 1024])
            chunk = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            chunk.sample_rate, chunk.pts, chunk.time_base = SOUND_RATE, start, Fraction(1, SOUND_RATE)
            container.mux(audio.encode(chunk))
        container.mux(audio.encode(None))


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("cat_and_coffee.mp4")
    make(target)
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB")
