"""Live sources and sessions: real streams over real sockets, read by a real child process, with faults."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from fractions import Fraction
from functools import partial
from itertools import count, islice, pairwise
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from makers import clips, models
from makers.cameras import Camera, number_of
from makers.needs import need

from streamcam import Cache, Frame, GradCAM, VideoSource, run, wrap_model
from streamcam.drawing.overlay import Overlay, tiled
from streamcam.errors import OptionError, SourceError, TargetError
from streamcam.explain.prepare import prepare
from streamcam.live.controls import Controls, SessionEnd
from streamcam.live.recorder import Recorder
from streamcam.live.session import Limit, Steered, watch
from streamcam.live.stats import Histogram, Stats
from streamcam.pipeline.newest import follow, newest
from streamcam.pipeline.run import newest_frame
from streamcam.sources.live.address import parse_address, redacted
from streamcam.sources.live.live import LiveSource


@pytest.fixture(autouse=True)
def nothing_stays():
    """No thread, process or open file outlives a live source."""
    me = psutil.Process()
    before = me.num_fds() if hasattr(me, "num_fds") else me.num_handles()
    yield
    names = [t.name for t in threading.enumerate() if t.name.startswith("streamcam")]
    assert names == []
    assert [p for p in me.children(recursive=True) if "streamcam.sources.live.grabber" in p.cmdline()] == []
    after = me.num_fds() if hasattr(me, "num_fds") else me.num_handles()
    assert after <= before + 2  # pytest's own


@pytest.fixture
def camera():
    with Camera() as camera:
        yield camera


def fresh(source, count):
    return list(islice((frame for frame in source if frame.fresh), count))


def until_fresh_again(source, frames, patience=60):
    """Go on until pictures come again after they have stopped; the frames' sizes on the way."""
    end = time.monotonic() + patience
    for frame in frames:
        if frame.fresh and source.state.phase == "live":
            return frame
        assert time.monotonic() < end, source.state
    raise AssertionError("the source ended")


# --- what a source is named by


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        (0, "camera", "camera 0"),
        ("12", "camera", "camera 12"),
        ("/dev/v4l/by-id/usb-x", "device", "/dev/v4l/by-id/usb-x"),
        ("rtsp://me:secret@host:554/a?token=t#f", "stream", "rtsp://host:554/a"),
        ("HTTP://host/x.mjpg", "stream", "http://host/x.mjpg"),
        ("udp://@:1234", "stream", "udp://:1234"),
    ],
)
def test_addresses_are_told_apart(given, kind, name):
    address = parse_address(given)
    assert (address.kind, address.name) == (kind, name)


def test_a_file_is_a_source_and_what_is_none_says_so(tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", 3)
    assert parse_address(clip).kind == "file"
    for wrong in ("ftp://me:secret@host/x", "file:///etc/passwd", "nothing.mp4", "concat:a|b"):
        with pytest.raises(SourceError) as error:
            parse_address(wrong)
        assert "secret" not in str(error.value)
    assert redacted("rtsp://[bad") == "rtsp://…"


# --- pictures


def test_pictures_come_in_order_with_their_times_and_size(camera):
    with LiveSource(camera.url) as source:
        frames = fresh(source, 30)
        assert frames[0].image.shape == (240, 320, 3)
        assert (source.info.width, source.info.height, source.info.live) == (320, 240, True)
    numbers = [number_of(frame.image) for frame in frames]
    assert all(0 < later - earlier < 10 for earlier, later in pairwise(numbers))
    assert all(a.time < b.time and a.index < b.index for a, b in pairwise(frames))
    sent = camera.sent()
    arrived = source.start + frames[-1].time
    assert arrived >= sent[numbers[-1]]  # the clock is that of the moment it arrived, not of the moment it was shown


def test_a_mirror_flips_left_and_right(tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", 5)
    straight, mirrored = (fresh(LiveSource(clip, mirror=mirror), 1)[0].image for mirror in (False, True))
    assert (mirrored == straight[:, ::-1]).all()


def test_a_file_plays_in_real_time_to_its_end_or_around_and_around(tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", 20)
    with VideoSource(clip) as expected:
        images = [frame.image for frame in expected]
        interval = float(1 / expected.info.frame_rate)
    with LiveSource(clip) as source:
        frames = [frame for frame in source if frame.fresh]
        assert source.state.phase == "ended"
    assert len(frames) == 20
    assert all((frame.image == image).all() for frame, image in zip(frames, images, strict=True))
    assert frames[-1].time - frames[0].time >= 18 * interval  # never faster than real time
    with LiveSource(clip, loop=True) as source:
        frames = fresh(source, 50)
    assert (frames[20].image == images[0]).all()
    assert all(a.time < b.time for a, b in pairwise(frames))


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


# --- faults

FAULTS = ("freeze", "disconnect", "garbage", "truncated", "size", "slow")


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_survived(camera, fault):
    with LiveSource(camera.url, stall_timeout=0.7) as source:
        frames = iter(source)
        until_fresh_again(source, frames)
        for _ in range(2):
            if fault == "slow":
                camera.fault("disconnect")
                for frame in frames:
                    if not frame.fresh or source.state.phase != "live":
                        break
                camera.fault("slow")
            else:
                camera.fault(fault)
            if fault == "freeze":
                stalls = source.counts.stalls
                for frame in frames:
                    if source.counts.stalls > stalls:
                        break
                    assert frame.image.shape == (240, 320, 3)
                camera.fault("none")
            if fault == "size":
                assert next(f for f in frames if f.image.shape == (320, 240, 3)).fresh
                camera.fault("none")
                assert next(f for f in frames if f.image.shape == (240, 320, 3)).fresh
            until_fresh_again(source, frames)
        count = source.counts.captured
        fresh(frames, 10)
        assert source.counts.captured >= count + 9
        frames.close()


def test_a_frozen_stream_is_read_by_a_new_process_while_stand_ins_keep_coming(camera):
    with LiveSource(camera.url, stall_timeout=0.7) as source:
        frames = iter(source)
        last = fresh(frames, 5)[-1]
        camera.fault("freeze")
        stand_ins = []
        for frame in frames:
            last = frame if frame.fresh else last
            if not frame.fresh:
                stand_ins.append(frame)
            if source.counts.stalls:
                break
        assert source.counts.stalls == 1
        next(frames)
        assert source.state.phase == "retrying"
        assert "no camera, retrying (1): silent for 0.7 s" in source.state.notice
        assert stand_ins
        assert all((frame.image == last.image).all() for frame in stand_ins)
        camera.fault("none")
        until_fresh_again(source, frames)
        assert source.counts.reconnects == 1
        assert source.state.notice == ""
        frames.close()


def test_a_camera_that_is_not_there_yet_is_waited_for():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with LiveSource(f"http://127.0.0.1:{port}/x.mjpg") as source:
        frames = iter(source)
        for frame in frames:
            assert not frame.fresh
            if source.state.attempt == 2:
                break
        assert (frame.image == 0).all()
        assert "refused" in source.state.notice
        with Camera(port=port):
            until_fresh_again(source, frames)
        frames.close()


def test_giving_up_names_the_source_and_no_password():
    source = LiveSource("http://me:secret@127.0.0.1:9/x?token=secret", give_up_after=0.5)
    with (
        source,
        pytest.raises(SourceError, match=r"^http://127\.0\.0\.1:9/x: no picture for 0\.5 s .*refused") as error,
    ):
        list(source)
    assert "secret" not in str(error.value)


def test_wrong_settings_are_refused():
    with pytest.raises(OptionError, match="stall-timeout"):
        LiveSource(0, stall_timeout=0)
    with pytest.raises(OptionError, match="give-up-after"):
        LiveSource(0, give_up_after=float("nan"))


def test_the_reading_process_ends_with_its_parent(camera, tmp_path):
    script = (
        "from streamcam.sources.live.live import LiveSource\n"
        f"for frame in LiveSource({camera.url!r}):\n    print(frame.fresh, flush=True)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    while parent.stdout.readline().strip() != "True":
        pass
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
        with LiveSource(f"{url}/fair.m3u8", give_up_after=20) as source:
            assert fresh(source, 1)
        with LiveSource(f"{url}/foul.m3u8", give_up_after=3) as source, pytest.raises(SourceError):
            fresh(source, 1)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# --- the newest frame wins


def test_newest_drops_what_nobody_was_quick_enough_for():
    seen = threading.Event()

    def source():
        yield 0
        seen.wait(30)
        yield from range(1, 1000)

    stream = newest(source())
    assert next(stream) == 0
    seen.set()
    rest = list(stream)
    assert rest == sorted(set(rest))
    assert len(rest) < 1000


def test_an_error_of_the_source_is_raised():
    def source():
        yield 1
        raise SourceError("gone")

    with pytest.raises(SourceError, match="gone"):
        list(newest(source()))


def test_a_model_that_takes_for_ever_holds_up_no_picture():
    let_go, explained, over = threading.Event(), [], []

    def explain(frame):
        explained.append(frame.index)
        let_go.wait(60)
        return zoo_explain(frame)

    zoo_explain = GradCAM(wrap_model(models.flat().model), cache=False)
    image = np.zeros((48, 48, 3), np.uint8)
    asked = threading.Semaphore(0)

    def source():
        for index in count():
            asked.acquire()
            if over:
                return
            yield Frame(image, index, float(index))

    stream = follow(source(), explain)
    shown = []
    with ExitStack() as ends:  # also when something is not as it should be: the source waits without end
        for end in (stream.close, asked.release, partial(over.append, True), let_go.set):
            ends.callback(end)
        for _ in range(100):
            asked.release()
            shown.append(next(stream))
            while not explained:  # the first has been taken
                time.sleep(0.001)
        assert [frame.index for frame, _ in shown] == list(range(100))
        assert all(explanation is None for _, explanation in shown)
        assert explained == [0]
        let_go.set()
        known = None
        while known is None:
            asked.release()
            _, known = next(stream)
        while known.index == 0:  # the next one explained is the newest of that moment, not the second of all
            asked.release()
            _, known = next(stream)
        assert known.index >= 99


def test_an_error_of_the_model_is_raised_and_nothing_stays(camera):
    explain = GradCAM(wrap_model(models.flat().model), cache=False)
    with LiveSource(camera.url) as source, pytest.raises(TargetError):
        run(source, lambda frame: explain(frame, ("no such class",)), [], overlay=Overlay(()), policy=newest_frame)


def test_an_explanation_of_another_size_is_not_drawn():
    explain = GradCAM(wrap_model(models.flat().model), cache=False)
    sizes = iter([(48, 48), (48, 48), (96, 48)])
    go = threading.Event()

    def source():
        for index, (height, width) in enumerate(sizes):
            yield Frame(np.zeros((height, width, 3), np.uint8), index, float(index))
            if index == 0:
                go.wait(60)

    def told(frame):
        result = explain(frame)
        go.set()
        return result

    last = None
    for frame, explanation in follow(source(), told):
        if explanation is not None:
            assert explanation.region.y1 == frame.image.shape[0]
        last = frame
    assert last.image.shape == (96, 48, 3)


# --- the session


class Keep:
    """A writer that keeps what it sees."""

    def __init__(self, action=lambda count, frame, explanation: None):
        self.shown, self.action = [], action

    def write(self, frame, explanation):
        self.shown.append((frame, explanation))
        self.action(len(self.shown), frame, explanation)


def session(source, *, controls=None, writers=(), limit=None, **options):
    model = wrap_model(models.flat().model)
    controls = controls or Controls(Overlay(model.labels))
    stats = Stats(source)
    explain = Steered(lambda size: GradCAM(model, size=size, cache=False), controls, stats, **options)
    watch(source, explain, controls, [*writers, stats, *([Limit(limit, None)] if limit else [])], stats)
    return stats


def test_a_session_counts_what_it_did(camera):
    keep = Keep()
    stats = session(LiveSource(camera.url), writers=[keep], limit=60)
    data = stats.to_json()
    assert data["frames"]["shown"] == 60 == sum(frame.fresh for frame, _ in keep.shown)
    assert data["frames"]["captured"] >= 60
    assert data["frames"]["dropped"] == data["frames"]["captured"] - 60
    assert data["frames"]["explained"] >= 1
    assert {"capture", "explain", "draw", "delay", "map_age"} <= data["ms"].keys()
    assert data["ms"]["delay"]["p50"] <= data["ms"]["delay"]["p95"] <= data["ms"]["delay"]["p99"]
    assert data["ms"]["map_age"]["p50"] >= data["ms"]["delay"]["p50"]
    assert json.loads(json.dumps(data)) == data


def test_the_class_is_switched_while_it_runs_without_compiling(camera):
    model = wrap_model(models.flat().model)
    controls, source = Controls(Overlay(model.labels)), LiveSource(camera.url)
    stats = Stats(source)
    explainer = GradCAM(model, cache=False)
    seen = set()

    def steer(count, frame, explanation):
        if explanation is None:
            return
        seen.add(int(explanation.classes[0]))
        ranks = [index for index, _ in explanation.top(3)]
        if len(seen) < 3:
            controls.explain_rank(1 + len(seen))
            assert controls.targets == (f"top{1 + len(seen)}",)
        elif not controls.locked:
            controls.toggle_lock(explanation)
            assert controls.targets == (int(explanation.classes[0]),)
        elif explanation.classes[0] == controls.targets[0] and len(ranks) == 3:
            raise SessionEnd

    watch(source, Steered(lambda size: explainer, controls, stats), controls, [Keep(steer)], stats)
    assert len(seen) == 3
    assert explainer.trace_count == 1


def test_a_frozen_picture_stands_still_and_is_still_explained(camera):
    controls = Controls(Overlay((), alpha=0.0, hud=False))
    numbers = []

    def steer(count, frame, explanation):
        if count == 20:
            controls.toggle_freeze()
        if count > 22:
            numbers.append(number_of(frame.image))

    session(LiveSource(camera.url), controls=controls, writers=[Keep(steer)], limit=60)
    assert len(set(numbers)) == 1


def test_the_rate_is_reached_by_a_smaller_input(camera, monkeypatch):
    model = wrap_model(models.flat().model)
    controls, source = Controls(Overlay(model.labels)), LiveSource(camera.url)
    stats = Stats(source)

    class Slow(GradCAM):
        """As slow as its input is large."""

        def __call__(self, frame, targets=None, method=None):
            time.sleep(0.1 if min(self.size) > 30 else 0.001)
            return super().__call__(frame, targets, method)

    monkeypatch.setattr("streamcam.live.session._SECONDS_TO_JUDGE", 0.5)
    made = {}
    explain = Steered(
        lambda size: made.setdefault(size, Slow(model, size=size, cache=False)), controls, stats, target_fps=20
    )

    def enough(count, frame, explanation):
        if min(explain.current.size) < 30 and explanation is not None:
            raise SessionEnd

    watch(source, explain, controls, [Keep(enough)], stats)
    assert min(explain.current.size) == round(48 * 0.5)


def test_the_end_does_not_wait_for_what_is_being_prepared(camera):
    seen = []

    def prepare(size, shape, targets, method, stopped):
        seen.append(stopped.wait(60))

    stats = session(LiveSource(camera.url), limit=5, prepare=prepare)
    assert seen == [True]
    assert stats.explained == 0


def test_a_preparing_process_is_ended_when_nobody_wants_it_any_more(tmp_path):
    stopped = threading.Event()
    threading.Timer(0.5, stopped.set).start()
    assert not prepare({"model": "efficientnet-lite0"}, {}, (96, 96), ["top1"], tmp_path / "cache", stopped)
    assert psutil.Process().children() == []
    assert Cache(tmp_path / "cache").entries() == []


def test_layouts_keep_the_size_of_the_picture():
    left, right = np.full((90, 160, 3), 50, np.uint8), np.full((90, 160, 3), 200, np.uint8)
    both = tiled([left, right])
    assert both.shape == left.shape
    assert (both[45, 40] == 50).all()
    assert (both[45, 120] == 200).all()
    upright = tiled([left.transpose(1, 0, 2).copy(), right.transpose(1, 0, 2).copy()])
    assert (upright[80, 22] == 50).all()
    assert (upright[80, 67] == 200).all()
    assert tiled([left[:89, :159]] * 5).shape == (89, 159, 3)
    four = tiled([left, right, right, left])
    assert (four[20, 20] == 50).all()
    assert (four[20, 140] == 200).all()
    assert (four[70, 140] == 50).all()


def test_controls_go_around():
    controls = Controls(Overlay(("a", "b")))
    first = controls.to_json()
    for _ in range(3):
        controls.next_layout()
    for _ in range(5):
        controls.next_colormap()
    assert controls.to_json() == first
    for _ in range(20):
        controls.change_opacity(0.1)
    assert controls.overlay.alpha == 1
    for _ in range(20):
        controls.change_opacity(-0.1)
    assert controls.overlay.alpha == 0
    controls.explain_rank(3)
    assert controls.targets == ("top1",)
    assert controls.notice == "the model has 2 classes"


def test_percentiles_are_right_to_two_percent():
    histogram = Histogram()
    values = np.random.default_rng(0).exponential(0.02, 5000)
    for value in values:
        histogram.add(float(value))
    for share in (0.5, 0.95, 0.99):
        assert histogram.percentile(share) == pytest.approx(np.quantile(values, share), rel=0.03)
    assert Histogram().percentile(0.5) is None


# --- recordings


def length_of(path: Path) -> tuple[float, list[float]]:
    """Seconds that a video lasts, and the times of its frames."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.pts is not None]
        times = sorted(float(p.pts * p.time_base) for p in packets)
        return float(stream.duration * stream.time_base), times


def test_a_recording_lasts_as_long_as_what_it_shows_also_when_the_rate_wobbles(camera, tmp_path):
    camera.ask(wobble=0.9)
    controls = Controls(Overlay(()))
    controls.recording = True
    keep = Keep()
    with Recorder(controls, Fraction(30), lambda: tmp_path / "run.mp4") as recorder:
        session(LiveSource(camera.url), controls=controls, writers=[recorder, keep], limit=90)
    times = [frame.time for frame, _ in keep.shown]
    first = next(frame.time for frame, _ in keep.shown if frame.fresh)
    length, recorded = length_of(tmp_path / "run.mp4")
    assert recorder.lost == 0
    assert recorder.saved == [tmp_path / "run.mp4"]
    assert length == pytest.approx(times[-1] - first + 1 / 30, abs=1 / 30)
    np.testing.assert_allclose(recorded, [t - first for t in times if t >= first], atol=1e-3)


def test_recordings_are_begun_and_ended_as_often_as_wanted(camera, tmp_path):
    controls = Controls(Overlay(()))
    paths = (tmp_path / f"{number}.mp4" for number in range(10))

    def steer(count, frame, explanation):
        if count % 20 == 0:
            controls.toggle_recording()

    with Recorder(controls, Fraction(30), lambda: next(paths)) as recorder:
        session(LiveSource(camera.url), controls=controls, writers=[Keep(steer), recorder], limit=100)
    assert [path.name for path in recorder.saved] == ["0.mp4", "1.mp4", "2.mp4"]
    assert all(len(length_of(path)[1]) >= 1 for path in recorder.saved)


def test_a_recording_that_fails_ends_alone(camera, tmp_path):
    controls = Controls(Overlay(()))
    controls.recording = True
    (tmp_path / "there.mp4").write_bytes(b"x")
    with Recorder(controls, Fraction(30), lambda: tmp_path / "there.mp4") as recorder:
        stats = session(LiveSource(camera.url), controls=controls, writers=[recorder], limit=20)
    assert stats.shown == 20
    assert len(recorder.failures) == 1
    assert (tmp_path / "there.mp4").read_bytes() == b"x"


# --- the command


def live(*arguments, **more):
    command = [sys.executable, "-m", "streamcam", "live", *map(str, arguments)]
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False, **more)


def test_live_without_a_window_records_counts_and_ends(camera, tmp_path):
    url = camera.url.replace("http://", "http://me:secret@") + "?token=secret"
    done = live(url, "--no-window", "-o", "run.mp4", "--stats", "run.json", "--max-frames", 60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "recorded run.mp4" in done.stdout
    stats = json.loads((tmp_path / "run.json").read_text())
    assert stats["frames"]["shown"] == 60
    assert stats["source"] == camera.url
    assert "secret" not in done.stdout + done.stderr + json.dumps(stats)
    assert len(length_of(tmp_path / "run.mp4")[1]) >= 59


def test_nothing_is_recorded_unasked(camera, tmp_path):
    assert live(camera.url, "--no-window", "--seconds", 2, cwd=tmp_path).returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "there is no display (DISPLAY is not set); use --no-window"),
        (("nothing.mp4", "--no-window"), "nothing.mp4: no such file"),
        (("http://127.0.0.1:9/x", "--no-window", "--give-up-after", "0.5"), "no picture for 0.5 s"),
        (("0", "--no-window", "-o", "there.mp4"), "there.mp4: exists already"),
        (("0", "--no-window", "--target", "nosuch"), "the model knows no such class"),
        (("0", "--no-window", "--stall-timeout", "-1"), "stall-timeout -1"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tmp_path, arguments, says):
    (tmp_path / "there.mp4").write_bytes(b"x")
    done = live(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(("kill", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
def test_a_recording_is_playable_however_the_session_ends(camera, tmp_path, kill, code):
    command = [sys.executable, "-m", "streamcam", "live", camera.url, "--no-window", "-o", "run.mp4"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    part = tmp_path / "run.part.mp4"
    end = time.monotonic() + 120
    while not part.exists() or part.stat().st_size < 150_000:
        assert time.monotonic() < end
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(kill)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    path = part if kill == signal.SIGKILL else tmp_path / "run.mp4"
    with VideoSource(path) as source:
        assert sum(1 for _ in source) > 10


def test_tensorflow_stays_out_of_the_live_process(camera, tmp_path):
    script = (
        "import sys\nfrom streamcam.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('tensorflow' in sys.modules)\n"
    )
    arguments = ["live", camera.url, "--no-window", "--size", "96", "--stats", "run.json"]
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=os.environ | {"STREAMCAM_CACHE": str(tmp_path / "cold")},
    )  # fmt: skip

    def is_converting():
        for child in psutil.Process(process.pid).children():
            with suppress(psutil.Error):  # it has just ended
                if "streamcam.explain.prepare" in child.cmdline():
                    return True
        return False

    while not is_converting():
        time.sleep(0.05)
    while is_converting():
        time.sleep(0.05)
    time.sleep(8)  # by then a map is there
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[0].strip() == "False"
    assert json.loads((tmp_path / "run.json").read_text())["frames"]["explained"] > 0
