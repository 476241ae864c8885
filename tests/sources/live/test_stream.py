"""Streams over a real socket: slow ones, damaged ones, interlaced ones, and what cannot be decoded."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from itertools import islice

import cv2
import numpy as np
import pytest
from makers.addresses import serving
from makers.cameras import fresh, reason_of
from makers.clips import decoded
from makers.needs import need

from streamcam.settings import CaptureSettings
from streamcam.sources.live.live import LiveSource

PATIENT = CaptureSettings(give_up_after=60)
PACKET = 188  # bytes of a transport stream


@pytest.fixture(scope="module", autouse=True)
def ffmpeg():
    need(shutil.which("ffmpeg"), "ffmpeg makes the streams")


def made(path, *options, source="testsrc2=size=320x240:rate=25:duration=4"):
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *options, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path.read_bytes()


def h264(path, *options, **more):
    return made(path, "-c:v", "libx264", "-pix_fmt", "yuv420p", *options, **more)


@contextmanager
def sent(data, *, seconds=4.0):
    """Serve a transport stream over HTTP at the rate that it is to be seen; how long it is stays unsaid."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "video/mp2t")
        handler.send_header("Connection", "close")
        handler.end_headers()
        step = max(PACKET, len(data) // 80 // PACKET * PACKET)
        for at in range(0, len(data), step):
            handler.wfile.write(data[at : at + step])
            time.sleep(seconds / 80)

    with serving(answer) as address:
        yield f"{address.url}/live.ts"


def pictures(url, count, settings=PATIENT, most=1000):
    """New pictures, and what the source has counted."""
    with LiveSource(url, settings) as source:
        frames = fresh(islice(source, most), count)
        return [frame.image for frame in frames], source


def packets(data):
    return [data[at : at + PACKET] for at in range(0, len(data), PACKET)]


def crc(data):
    """CRC-32/MPEG-2."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = ((value << 1) ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


def with_stream_type(data, kind):
    """A transport stream whose picture claims to be of another codec."""
    changed = bytearray(data)
    for at in range(0, len(data), PACKET):
        if data[at + 1] & 0x5F == 0x50 and data[at + 2] == 0:  # the start of a program map, PID 0x1000
            section = at + 5
            length = 3 + (((data[section + 1] & 15) << 8) | data[section + 2])
            first = section + 12 + (((data[section + 10] & 15) << 8) | data[section + 11])
            changed[first] = kind
            changed[section + length - 4 : section + length] = crc(changed[section : section + length - 4]).to_bytes(4)
    return bytes(changed)


@pytest.mark.parametrize(("kind", "codec"), [(0xD2, "avs2"), (0xD4, "avs3")])
def test_a_codec_without_a_decoder_is_named(tmp_path, kind, codec):
    data = with_stream_type(h264(tmp_path / "x.ts"), kind)
    with sent(data) as url, LiveSource(url, CaptureSettings(open_timeout=60)) as source:
        assert f"the codec {codec}, which cannot be decoded" in reason_of(source)


def test_sound_alone_is_said(tmp_path):
    data = made(tmp_path / "x.ts", "-c:a", "mp2", source="sine=duration=6")
    with sent(data) as url, LiveSource(url, CaptureSettings(open_timeout=60)) as source:
        assert "it has sound, but no picture" in reason_of(source)


def test_pictures_without_any_key_frame_are_not_shown_as_gray(tmp_path):
    """Who joins between two key frames sees nothing until the next: decoders make up what they miss."""
    whole = made(tmp_path / "x.ts", "-c:v", "mpeg4", "-g", "50", "-b:v", "1M")
    rest = packets(whole)
    cut = b"".join(rest[:3] + rest[len(rest) // 3 :])
    good = [image for _, image in decoded(tmp_path / "x.ts")]
    with sent(cut) as url:
        joined, _ = pictures(url, 40)
    assert len(joined) == 40
    for image in joined:  # each is one of the true pictures
        assert min(np.abs(image.astype(int) - other).mean() for other in good) < 4


@pytest.mark.parametrize("codec", ["libx264", "mpeg2video", "mpeg4"])
def test_damaged_pictures_are_left_out_and_counted(tmp_path, codec):
    whole = made(tmp_path / "x.ts", "-c:v", codec, "-pix_fmt", "yuv420p", "-g", "12", "-b:v", "800k", "-bf", "0")
    random_ = random.Random(3)
    lossy = b"".join(p for n, p in enumerate(packets(whole)) if n < 30 or random_.random() > 0.01)
    with sent(whole) as url:
        _, source = pictures(url, 25)
        assert source.counts.damaged == 0
    with sent(lossy) as url:
        seen, source = pictures(url, 25)
        assert source.counts.damaged > 0
    true = np.stack([image for _, image in decoded(tmp_path / "x.ts")])[:, ::4, ::4].astype(int)
    distances = [np.abs(true - image[::4, ::4]).mean(axis=(1, 2, 3)).min() for image in seen]
    assert np.mean(np.array(distances) < 4) > 0.9
    assert all(image.std() > 20 for image in seen)  # never gray or black


def test_interlaced_pictures_have_no_combs(tmp_path):
    """A bar that moves fast: woven half pictures show it with teeth."""
    source = "color=black:size=320x240:rate=50:duration=4,drawbox=x=mod(n*8\\,280):y=0:w=40:h=240:color=white:t=fill"
    source = source.replace("drawbox", "format=gray,format=yuv420p,drawbox")
    moving = "geq=lum='if(between(mod(X-N*8\\,320)\\,0\\,40)\\,235\\,16)':cb=128:cr=128,interlace=scan=tff:lowpass=off"
    source = f"color=black:size=320x240:rate=50:duration=4,{moving}"
    data = h264(tmp_path / "x.ts", "-flags", "+ilme+ildct", "-g", "12", source=source)
    with sent(data) as url:
        seen, _ = pictures(url, 30)
    assert len(seen) == 30

    def combs(image):
        lines = image[..., 1].astype(int)
        return np.abs(lines[2:-2:2] - (lines[1:-3:2] + lines[3:-1:2]) / 2).mean()

    assert np.median([combs(image) for image in seen]) < 3
    assert all(image[..., 1].max() > 200 for image in seen)  # the bar is there


@contextmanager
def slow_camera(interval, count=100):
    """An MJPEG camera of one picture in so many seconds."""
    noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    jpeg = cv2.imencode(".jpg", noise)[1].tobytes()

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace;boundary=frame")
        handler.end_headers()
        for _ in range(count):
            handler.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg))
            handler.wfile.write(jpeg + b"\r\n")
            time.sleep(interval)

    with serving(answer) as address:
        yield f"{address.url}/slow.mjpg", address


def test_a_stream_that_is_slow_is_no_stall():
    with slow_camera(1.5) as (url, address):
        seen, source = pictures(url, 5, CaptureSettings(stall_timeout=0.8))
    assert len(seen) == 5
    assert source.counts.stalls == 0
    assert address.connections == 1


def test_a_stream_whose_sound_goes_on_is_alive(tmp_path):
    """A picture in two seconds, with sound between: what comes is a sign of life."""
    picture = tmp_path / "x.ts"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=1/2:duration=12"]
    command += ["-f", "lavfi", "-i", "sine=duration=12", "-c:v", "libx264", "-tune", "zerolatency", "-g", "1"]
    command += ["-pix_fmt", "yuv420p", "-c:a", "mp2", "-muxdelay", "0", str(picture)]
    subprocess.run(command, check=True, timeout=60)
    with sent(picture.read_bytes(), seconds=12) as url:
        seen, source = pictures(url, 3, CaptureSettings(stall_timeout=0.4, give_up_after=30))
    assert len(seen) == 3
    assert source.counts.stalls == 0


def test_a_stream_over_udp_that_dies_is_noticed(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        url = f"udp://127.0.0.1:{free.getsockname()[1]}"
    command = ["ffmpeg", "-v", "quiet", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"]
    command += ["-c:v", "libx264", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p", "-f", "mpegts", url]
    sender = subprocess.Popen(command)
    try:
        with LiveSource(url, CaptureSettings(stall_timeout=1)) as source:
            frames = iter(source)
            assert len(fresh(islice(frames, 2000), 20)) == 20
            sender.kill()
            for _ in islice(frames, 600):
                if source.counts.stalls:
                    break
            assert source.counts.stalls == 1
            next(frames)
            assert "silent for" in source.state.reason
            frames.close()
    finally:
        sender.kill()
        sender.wait()
