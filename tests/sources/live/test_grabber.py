"""The process that reads a live source: what it can read, what it refuses to open, and its end."""

from __future__ import annotations

import http.server
import shutil
import socket
import subprocess
import sys
import threading
from functools import partial
from itertools import islice

import psutil
import pytest
from makers import clips
from makers.cameras import fresh
from makers.needs import need

from streamcam.errors import SourceError
from streamcam.settings import CaptureSettings
from streamcam.sources.live.live import LiveSource


def test_a_stream_of_another_kind(tmp_path):
    need(shutil.which("ffmpeg"), "ffmpeg sends the stream")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        url = f"udp://127.0.0.1:{free.getsockname()[1]}"
    command = ["ffmpeg", "-v", "quiet", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25"]
    command += ["-c:v", "libx264", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p", "-f", "mpegts", url]
    sender = subprocess.Popen(command)
    try:
        with LiveSource(url) as source:
            frames = fresh(source, 20)
    finally:
        sender.kill()
        sender.wait()
    assert frames[0].image.shape == (240, 320, 3)
    assert frames[0].image.std() > 30


def test_pictures_larger_than_the_shared_memory_are_made_to_fit(tmp_path):
    clip = clips.write_clip(tmp_path / "large.mp4", 2, size=(5120, 2160))
    with LiveSource(clip) as source:
        [frame] = fresh(source, 1)
    height, width = frame.image.shape[:2]
    assert height * width * 3 <= 4096 * 2304 * 3
    assert width / height == pytest.approx(5120 / 2160, rel=0.01)


def test_the_reading_process_ends_with_its_parent(camera, tmp_path):
    script = (
        "from streamcam.sources.live.live import LiveSource\n"
        f"for frame in LiveSource({camera.url!r}):\n    print(frame.fresh, flush=True)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    assert any(line.strip() == "True" for line in islice(parent.stdout, 1000))
    [child] = psutil.Process(parent.pid).children()
    parent.kill()
    parent.communicate()
    child.wait(timeout=30)


class _Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_a_playlist_from_the_network_opens_no_local_file(tmp_path):
    need(shutil.which("ffmpeg"), "ffmpeg makes the playlist")
    clip = clips.write_clip(tmp_path / "clip.mp4", 50)
    subprocess.run(["ffmpeg", "-v", "quiet", "-i", clip, "-c", "copy", tmp_path / "segment.ts"], check=True)
    head, tail = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n", "\n#EXT-X-ENDLIST\n"
    (tmp_path / "fair.m3u8").write_text(f"{head}segment.ts{tail}")
    (tmp_path / "foul.m3u8").write_text(f"{head}file://{tmp_path / 'segment.ts'}{tail}")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        with LiveSource(f"{url}/fair.m3u8", CaptureSettings(give_up_after=20)) as source:
            assert fresh(source, 1)
        with LiveSource(f"{url}/foul.m3u8", CaptureSettings(give_up_after=3)) as source, pytest.raises(SourceError):
            fresh(source, 1)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
