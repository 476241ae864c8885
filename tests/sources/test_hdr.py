"""Tone mapping of high dynamic range: anchors of the standards, and whole videos."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from streamcam import VideoSource
from streamcam.errors import StreamcamWarning
from streamcam.sources.hdr import ToneMap, from_pq, lattice, to_light, to_pq, to_sdr, tone_map_of, write_cube
from streamcam.system.ffmpeg import av, open_container

HLG, PQ = ToneMap("hlg", 1000.0), ToneMap("pq", 10_000.0)
NUMBERS = {"hlg": 18, "pq": 16}


def gray(values):
    return np.asarray(values, float)[:, None] * np.ones(3)


def test_the_transfer_functions_have_the_anchors_of_the_standards():
    """BT.2408: diffuse white, 203 nits, is 75 % of HLG and 58 % of PQ; PQ's 0.508 is 100 nits (BT.2100)."""
    np.testing.assert_allclose(to_light(gray([0.75]), HLG)[0], 203, rtol=0.01)
    np.testing.assert_allclose(from_pq(np.array([0.5807, 0.5081, 0.7518, 1.0])), [203, 100, 1000, 10_000], rtol=0.01)
    assert to_pq(203) == pytest.approx(0.5807, abs=1e-3)
    np.testing.assert_allclose(to_light(gray([1.0]), HLG)[0], 1000, rtol=1e-3)


@pytest.mark.parametrize("tone", [HLG, PQ, ToneMap("pq", 4000.0), ToneMap("pq", 600.0)])
def test_gray_stays_gray_and_brighter_stays_brighter(tone):
    top = 1.0 if tone.transfer == "hlg" else to_pq(tone.peak)
    shown = to_sdr(to_light(gray(np.linspace(0, top, 200)), tone), tone)
    assert np.ptp(shown, axis=1).max() < 1e-3
    assert np.diff(shown[:, 0]).min() > -1e-9
    assert shown[0, 0] < 0.01
    assert shown[-1, 0] > 0.99


def test_highlights_keep_their_shape():
    """From diffuse white to ten times as bright there are at least thirty levels of eight bits."""
    white, bright, brighter = (to_sdr(to_light(gray([to_pq(nits)]), PQ), PQ)[0, 0] * 255 for nits in (203, 1000, 4000))
    assert 150 < white < 210
    assert bright - white > 30
    assert brighter - bright > 10


@pytest.mark.parametrize("tone", [HLG, PQ])
def test_colours_beyond_bt_709_keep_their_hue(tone):
    """No channel is cut off alone: the strongest stays the strongest, and all are within range."""
    colours = np.array([[0.7, 0.1, 0.1], [0.1, 0.7, 0.1], [0.1, 0.1, 0.7]])
    shown = to_sdr(to_light(colours, tone), tone)
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert shown.argmax(1).tolist() == [0, 1, 2]


def test_what_a_stream_says_of_its_brightness_is_taken():
    mastering = struct.pack("=20i2i", *[0] * 16, 1, 10_000, 40_000_000, 10_000, 0, 1)
    assert tone_map_of(16, 9, mastering=mastering) == ToneMap("pq", 4000.0)
    assert tone_map_of(16, 9, max_light=600, mastering=mastering) == ToneMap("pq", 600.0)
    assert tone_map_of(16, 9) == ToneMap("pq", 10_000.0)
    assert tone_map_of(18, 9, max_light=600) == HLG
    assert tone_map_of(16, 1) == ToneMap("pq", 10_000.0, wide=False)
    assert tone_map_of(1, 1) is None


def test_the_cube_file_has_red_changing_fastest(tmp_path):
    write_cube(tmp_path / "a.cube", HLG)
    lines = (tmp_path / "a.cube").read_text().splitlines()
    assert lines[0] == "LUT_3D_SIZE 33"
    assert len(lines) == 1 + 33**3
    np.testing.assert_allclose([float(v) for v in lines[1 + 20].split()], lattice(HLG)[20, 0, 0], atol=1e-6)


def encode(path, signal, transfer, codec, options):
    """A video of one picture ``(H, W, 3)`` of R'G'B' 0…1, in 10 bit BT.2020."""
    height, width = signal.shape[:2]
    words = np.rint(signal * 65535).astype(np.uint16)
    with open_container(path, "w") as container:
        stream: Any = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_range, context.color_primaries = 9, 1, 9
        context.color_trc = NUMBERS[transfer]
        for index in range(4):
            frame = av.VideoFrame.from_ndarray(words, format="rgb48le")
            frame = frame.reformat(format="yuv420p10le", dst_colorspace=9, dst_color_range=1)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("ending", "codec", "options"),
    [("mp4", "libx265", {"x265-params": "log-level=none:lossless=1"}), ("mkv", "ffv1", {})],
)
@pytest.mark.parametrize("tone", [HLG, PQ])
def test_a_video_is_tone_mapped_and_says_so(tone, ending, codec, options, tmp_path):
    patches = np.array(
        [[0.2] * 3, [0.58] * 3, [0.75] * 3, [0.9] * 3, [0.6, 0.3, 0.3], [0.3, 0.6, 0.3], [0.3, 0.3, 0.6]]
    )
    signal = np.repeat(np.repeat(patches[None], 32, 0), 32, 1)
    path = encode(tmp_path / f"a.{ending}", signal, tone.transfer, codec, options)
    with pytest.warns(StreamcamWarning, match="range of a normal screen"):
        source = VideoSource(path)
    with source:
        assert source.reader == "pyav"
        assert source.info.tone_mapped == tone.transfer
        frames = list(source)
    assert len(frames) == 4
    expected = to_sdr(to_light(patches, tone), tone)[:, ::-1] * 255
    shown = np.stack([frames[-1].image[16, 16 + 32 * patch] for patch in range(len(patches))])
    np.testing.assert_allclose(shown, expected, atol=3)


def test_a_video_of_normal_range_is_left_alone(tmp_path):
    signal = np.full((64, 64, 3), 0.5)
    NUMBERS["bt709"] = 1
    path = encode(tmp_path / "a.mkv", signal, "bt709", "ffv1", {})
    with VideoSource(path) as source:
        assert source.info.tone_mapped == ""
        assert source.reader == "opencv"
        assert abs(next(iter(source)).image.astype(float) - 127.5).mean() < 3
