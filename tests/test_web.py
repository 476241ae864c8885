"""The live page's program: a real one, listening on a real socket, with real viewers, good and bad."""

from __future__ import annotations

import http.client
import json
import random
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from makers.cameras import Camera, number_of
from makers.needs import need, need_module
from makers.servers import TOKEN, Serving, closed_with, unpack
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

import streamcam
from streamcam.drawing.overlay import Overlay
from streamcam.errors import OptionError
from streamcam.live.controls import Controls
from streamcam.web.access import Keys
from streamcam.web.languages import languages
from streamcam.web.messages import MAX_TEXT, Command, Explain, Malformed, Settings, Touch, parse
from streamcam.web.settings import Curated, Stage


@pytest.fixture(scope="module")
def camera():
    with Camera() as camera:
        yield camera


@pytest.fixture(scope="module")
def serving(camera):
    with Serving(camera.url, "--size", "96") as serving:
        with serving.talk() as viewer:
            viewer.explained()
        yield serving


# --- pictures


def test_a_viewer_gets_frames_with_their_heat_and_what_the_model_said(serving, camera):
    with serving.talk() as viewer:
        assert viewer.hear("welcome")["role"] == "visitor"
        header, heat, jpeg = viewer.picture()
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (240, 320, 3)
    assert number_of(image) in camera.sent()  # the frame itself, without heat
    assert len(heat) == np.prod(header["heat"])
    assert max(heat) > 128
    assert header["region"] == [0, 0, 1, 1]
    [[index, score]] = header["targets"]
    assert [index, score] in header["top"]


def test_the_next_picture_is_sent_after_the_last_was_acknowledged_and_it_is_the_newest(serving):
    with serving.talk() as viewer:
        viewer.hear("welcome")
        first = viewer.picture()[0]["time"]
        assert viewer.picture()[0]["time"] > first
        while isinstance(message := viewer.socket.recv(), str):
            pass
        with pytest.raises(TimeoutError):
            for _ in range(10):
                assert isinstance(viewer.socket.recv(timeout=1), str)  # no second picture before the first is painted
        header = unpack(message)[0]
        viewer.say(do="ack", id=header["id"])
        assert viewer.picture()[0]["time"] > header["time"] + 0.9


def test_each_frame_is_encoded_once_for_all_and_not_at_all_for_nobody(serving):
    serving.wait(lambda: serving.metric("streamcam_viewers") == 0)
    before = [serving.metric(f"streamcam_{name}_total") for name in ("frames", "frames_encoded")]
    time.sleep(1)
    after = [serving.metric(f"streamcam_{name}_total") for name in ("frames", "frames_encoded")]
    assert after[0] > before[0]
    assert after[1] == before[1]
    all_here = threading.Barrier(4)

    def look():
        with serving.talk() as viewer:
            viewer.hear("welcome")
            all_here.wait()
            for _ in range(40):
                viewer.picture()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    encoded = serving.metric("streamcam_frames_encoded_total") - after[1]
    assert encoded <= serving.metric("streamcam_frames_total") - after[0]
    assert encoded < 4 * 40 * 0.6  # shared


def test_a_stalled_viewer_delays_nobody(serving):
    with serving.talk() as stalled, serving.talk() as viewer:
        stalled.hear("welcome")  # and paints nothing
        times = [viewer.picture()[0]["time"] for _ in range(20)]
        gaps = np.diff(times)
    assert np.median(gaps) < 0.2


def test_plain_pictures_are_read_by_another_program(serving):
    capture = cv2.VideoCapture(f"{serving.url}/stream.mjpg")
    images = [capture.read()[1] for _ in range(5)]
    capture.release()
    assert all(image.shape == (240, 320, 3) for image in images)
    assert len({number_of(image) for image in images}) > 1
    status = serving.wait(lambda: serving.metric("streamcam_viewers") == 0)
    assert status


# --- steering


def test_everything_that_can_be_asked_for(serving):
    with serving.talk() as viewer:
        welcome = viewer.hear("welcome")
        assert set(welcome) == {"role", "run"}
        assert welcome["role"] == "visitor"
        viewer.say(do="explain", classes=[285])
        viewer.told(asked=[285])
        serving.wait(lambda: [t[0] for t in viewer.explained()["targets"]] == [285])
        viewer.say(do="explain", classes=[285, 967])
        serving.wait(lambda: [t[0] for t in viewer.explained()["targets"]] == [285, 967])
        header, heat, _ = viewer.picture()
        assert header["heat"][0] == 2
        assert len(heat) == np.prod(header["heat"])
        viewer.say(do="method", method="hirescam")
        viewer.told(method="hirescam")
        viewer.say(do="explain", classes=[1000])
        assert viewer.hear("denied") == "unknown class"
        viewer.say(do="explain", classes=[])
        viewer.say(do="method", method="gradcam")
        serving.wait(lambda: len(viewer.explained()["targets"]) == 1)


def test_a_change_is_told_once(serving):
    with serving.talk() as viewer:
        viewer.hear("welcome")
        viewer.say(do="explain", classes=[281])
        states = [viewer.told(asked=[281])]
        viewer.say(do="explain", classes=[])
        with suppress(TimeoutError):
            while True:
                states.append(viewer.hear("state", seconds=1))
    assert states[-1]["asked"] == []
    assert all(earlier != later for earlier, later in pairwise(states))


def test_only_staff_change_what_visitors_find_and_it_outlives_a_restart(camera, tmp_path):
    arguments = [camera.url, "--size", "96", "--settings", str(tmp_path / "settings.json"), "--allow", "espresso"]
    with Serving(*arguments) as serving:
        with serving.talk() as visitor:
            visitor.say(do="explain", classes=[285])
            assert visitor.hear("denied") == "not allowed"
            visitor.say(do="explain", classes=[967])
            visitor.told(asked=[967])
            visitor.say(do="settings", language="de")
            assert closed_with(visitor) == 1008
        with serving.talk(TOKEN) as staff:
            assert staff.hear("welcome")["role"] == "staff"
            assert staff.hear("health")["status"] == "ok"
            staff.say(do="settings", language="de", allowed=[285, 281], colormap="viridis", alpha=0.7)
            assert staff.told(asked=[])["curated"]["language"] == "de"
            staff.say(do="settings", language="xx")
            assert staff.hear("denied") == "unknown language"
            staff.say(do="restart")
            serving.wait(lambda: serving.metric("streamcam_restarts_total") == 1)
            staff.explained()
    with Serving(*arguments) as serving, serving.talk() as visitor:
        curated = visitor.hear("state")["curated"]
        assert (curated["language"], curated["allowed"], curated["colormap"]) == ("de", [285, 281], "viridis")
    (tmp_path / "settings.json").write_text("{")
    failed = subprocess.run(
        [sys.executable, "-m", "streamcam", "serve", *arguments, "--port", "0"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert failed.returncode == 1
    assert "settings.json: cannot be read" in failed.stderr


def test_idle_visitors_are_forgotten():
    now = [0.0]
    stage = Stage(
        Controls(Overlay(("a", "b"))), Curated(colormap="turbo"), ("en",), idle_reset=45, clock=lambda: now[0]
    )
    stage.obey(Explain((1,)), "visitor")
    stage.controls.method = "layercam"
    for now[0] in (10.0, 44.0):
        stage.look_at_the_clock()
        assert stage.to_json()["asked"] == [1]
    now[0] = 45.0
    stage.look_at_the_clock()
    assert stage.to_json()["asked"] == []
    assert (stage.controls.method, stage.controls.overlay.colormap, stage.resets) == ("gradcam", "turbo", 1)
    stage.look_at_the_clock()
    assert stage.resets == 1  # once


def test_who_only_looks_is_no_reason_to_wait():
    now = [0.0]
    stage = Stage(Controls(Overlay(("a",))), Curated(), ("en",), idle_reset=45, clock=lambda: now[0])
    stage.obey(Explain((0,)), "visitor")
    now[0] = 40.0
    assert stage.obey(Touch(), "viewer") == ""
    assert stage.obey(Explain((0,)), "viewer") == "locked"
    now[0] = 50.0
    stage.look_at_the_clock()
    assert stage.resets == 1


def test_settings_that_fit_no_more_are_left_one_by_one(tmp_path, caplog):
    path = tmp_path / "settings.json"
    path.write_text('{"language": "it", "allowed": [1], "alpha": 0.7}')
    stage = Stage(Controls(Overlay(("a", "b"))), Curated(), ("en",), settings_file=path)
    assert stage.curated == Curated(language="en", allowed=(1,), alpha=0.7)
    assert "language is left as it is (unknown language)" in caplog.text


def test_settings_that_cannot_be_kept_are_said_to_be_so(tmp_path):
    stage = Stage(Controls(Overlay(("a",))), Curated(), ("en",), settings_file=tmp_path / "nowhere" / "settings.json")
    assert stage.keep() == "not kept"


# --- refused


def test_foreign_names_and_foreign_pages_are_refused(serving):
    for host in ("evil.example", "evil.example:80", f"localhost.evil.example:{serving.port}", "", "[", "127.0.0.2"):
        connection = http.client.HTTPConnection("localhost", serving.port)
        connection.putrequest("GET", "/health", skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        assert connection.getresponse().status in (400, 403), host
        connection.close()
    for origin in ("http://evil.example", "null", f"http://localhost:{serving.port + 1}", "http://[", ""):
        assert serving.get("/", Origin=origin)[0] == 403
        with pytest.raises(InvalidStatus) as refused, serving.talk(additional_headers={"Origin": origin}):
            pass
        assert refused.value.response.status_code == 403
    with serving.talk(additional_headers={"Origin": serving.url}) as viewer:
        assert viewer.hear("welcome")
    for host in ("127.0.0.1", "localhost"):
        connection = http.client.HTTPConnection(host, serving.port)
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/",
        "/labels/..%2f..%2fapp.json", "/labels/%00.json", "/../../etc/passwd", "/nothing", "/static/%ff",
    ],
)  # fmt: skip
def test_no_path_leads_out(serving, path):
    status, _, body = serving.get(path)
    assert status in (200, 404)
    assert b"import" not in body
    assert b"root:" not in body
    assert b"Traceback" not in body
    if path.startswith("/labels"):
        assert len(json.loads(body)) == 1000 if status == 200 else True


def test_every_answer_has_the_headers_that_keep_browsers_safe(serving):
    for path in ("/", "/staff", "/page.json", "/static/page.js", "/health", "/nothing"):
        headers = serving.get(path)[1]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in {name.lower() for name in headers}
    page = serving.get("/")[2].decode() + serving.get("/staff")[2].decode()
    assert "http://" not in page
    assert "https://" not in page
    assert " style=" not in page


def test_wrong_keys_are_refused_slowly(serving):
    began = time.monotonic()
    with serving.talk("wrong") as viewer:
        assert viewer.hear("refused") == "key"
        assert closed_with(viewer) == 1008
    assert time.monotonic() - began >= 1
    assert serving.get("/staff/code.svg")[0] == 401
    assert serving.get("/staff/code.svg", Authorization="Bearer wrong")[0] == 401
    status, _, code = serving.get("/staff/code.svg", Authorization=f"Bearer {TOKEN}")
    assert status == 200
    assert code.startswith(b"<?xml")


def test_keys_open_what_they_are_for():
    keys = Keys(TOKEN, open_to_visitors=False)
    assert [keys.role(key) for key in ("", TOKEN, keys.screen, "é", TOKEN[:-1])] == [
        "viewer",
        "staff",
        "visitor",
        None,
        None,
    ]
    assert Keys(TOKEN, open_to_visitors=True).role("") == "visitor"
    assert len(Keys(None, open_to_visitors=False).staff) >= 20
    assert keys.screen not in (Keys(None, open_to_visitors=False).screen, keys.staff)


def test_on_a_network_who_has_no_key_only_looks(camera):
    with Serving(camera.url, "--size", "96", "--host", "0.0.0.0") as serving:
        lines = [serving.process.stdout.readline() for _ in range(3)]
        assert TOKEN not in "".join(lines)
        screen = lines[1].split("#")[1].strip()
        with serving.talk() as viewer:
            assert viewer.hear("welcome")["role"] == "viewer"
            for wish in ({"do": "explain", "classes": [1]}, {"do": "method", "method": "layercam"}):
                viewer.say(**wish)
                assert viewer.hear("denied") == "locked"
            viewer.say(do="restart")
            assert closed_with(viewer) == 1008
        with serving.talk(screen) as visitor:
            assert visitor.hear("welcome")["role"] == "visitor"
        mine = socket.gethostbyname(socket.gethostname())
        assert serving.get("/health", Host=f"{mine}:{serving.port}")[0] == 200
        assert serving.get("/health", Host=f"{socket.gethostname()}:{serving.port}")[0] == 200
        assert serving.get("/health", Host="8.8.8.8")[0] == 403
        assert serving.get("/health", Host="evil.example")[0] == 403


def mutated(random_: random.Random) -> str | bytes:
    """A message that is nearly right, or not at all."""
    right = random_.choice(
        [
            {"do": "explain", "classes": [1, 2]}, {"do": "ack", "id": 3}, {"do": "method", "method": "gradcam"},
            {"do": "settings", "alpha": 0.5, "allowed": [1]}, {"do": "hello", "key": "x"}, {"do": "touch"}, {"do": "restart"},
        ]
    )  # fmt: skip
    odd = [
        None,
        True,
        -1,
        1e308,
        2**70,
        "",
        "x" * 5000,
        [],
        [[[]]],
        {},
        {"do": {}},
        [1] * 1000,
        "\ud800",
        "../../etc",
        float("nan"),
    ]
    message = dict(right)
    way = random_.randrange(5)
    if way == 0:
        message[random_.choice([*message, "file", "url", "__class__", "source"])] = random_.choice(odd)
    elif way == 1:
        message.pop(random_.choice(list(message)))
    text = json.dumps(message)
    if way == 2:
        at = random_.randrange(len(text))
        text = text[:at] + chr(random_.randrange(1, 0xD7FF)) + text[at + random_.randrange(3) :]
    elif way == 3:
        return random_.randbytes(random_.randrange(200))
    elif way == 4:
        text = random_.choice(["[" * 3000, "", "null", "1", '"do"', "{" * 100, '{"do":' * 500, text[: len(text) // 2]])
    return text


def is_malformed(text: str) -> bool:
    try:
        assert isinstance(parse(text), Command)
    except Malformed:
        return True
    return False


def test_ten_thousand_malformed_messages_are_told_from_good_ones():
    random_ = random.Random(6)
    malformed = 0
    for _ in range(10_000):
        message = mutated(random_)
        if isinstance(message, bytes):
            message = message.decode(errors="replace")
        malformed += is_malformed(message)
    assert malformed > 5000


def test_malformed_messages_end_their_sender_and_harm_nobody(serving):
    random_ = random.Random(7)
    before = serving.metric("streamcam_messages_malformed_total")
    malformed = 0
    with serving.talk() as witness:
        witness.hear("welcome")
        for _ in range(300):
            with serving.talk() as viewer:
                viewer.hear("welcome")
                message = mutated(random_)
                if isinstance(message, str):
                    message = message.encode(errors="replace").decode()
                viewer.socket.send(message)
                is_picture = isinstance(message, bytes)  # which nobody is asked for
                if is_picture or is_malformed(message):
                    code = closed_with(viewer)
                    assert code == (1009 if len(message) > MAX_TEXT else 1008)
                    malformed += code == 1008 and not is_picture
        assert witness.picture()
    assert malformed > 50
    assert serving.metric("streamcam_messages_malformed_total") - before == malformed
    serving.wait(lambda: serving.metric("streamcam_viewers") == 0)
    assert serving.process.poll() is None


def test_oversized_fast_and_silent_senders_are_ended(serving):
    with serving.talk() as viewer:
        viewer.socket.send("x" * 5000)
        assert closed_with(viewer) == 1009
    with serving.talk() as viewer:
        with pytest.raises(ConnectionClosed) as ended:
            for _ in range(2000):
                viewer.say(do="touch")
                if viewer.socket.protocol.close_rcvd:
                    break
            closed_with_code = viewer
            for _ in range(500):
                closed_with_code.socket.recv(timeout=20)
        assert ended.value.rcvd.code == 1008
    with connect(f"ws://localhost:{serving.port}/live") as rude:
        rude.send(json.dumps({"do": "explain", "classes": [1]}))  # no hello
        with pytest.raises(ConnectionClosed):
            for _ in range(5):
                rude.recv(timeout=20)
    with serving.talk() as viewer:
        viewer.socket.send(b"\xff\xd8 a picture that nobody asked for")
        assert closed_with(viewer) == 1008


def test_who_asks_for_nothing_is_put_out_and_keeps_no_place(camera):
    with (
        Serving(camera.url, "--size", "96", "--max-viewers", "1") as serving,
        socket.create_connection(("127.0.0.1", serving.port)) as silent,
        connect(f"ws://localhost:{serving.port}/live") as mute,
    ):
        with serving.talk() as viewer:
            assert viewer.hear("welcome")
        silent.settimeout(30)
        with suppress(ConnectionResetError):
            assert silent.recv(1) == b""
        with pytest.raises(ConnectionClosed):
            mute.recv(timeout=30)


def test_whoever_has_a_key_finds_a_place(camera):
    with Serving(camera.url, "--size", "96", "--max-viewers", "1") as serving, serving.talk() as one:
        one.hear("welcome")
        with serving.talk() as other:
            assert other.hear("refused") == "full"
        with serving.talk(TOKEN) as staff:
            assert staff.hear("welcome")["role"] == "staff"


def test_a_key_that_is_no_text_is_a_wrong_one(serving):
    with connect(f"ws://localhost:{serving.port}/live") as odd:
        odd.send('{"do": "hello", "key": "\\ud800"}')
        assert json.loads(odd.recv(timeout=20)) == {"refused": "key"}


def test_one_viewer_too_many_is_told_so(camera):
    with Serving(camera.url, "--size", "96", "--max-viewers", "2") as serving:
        with serving.talk() as one, serving.talk() as other:
            one.hear("welcome")
            other.hear("welcome")
            with serving.talk() as third:
                assert third.hear("refused") == "full"
                assert closed_with(third) == 1013
            assert serving.get("/stream.mjpg")[0] == 503
            assert one.picture()
        serving.wait(lambda: serving.metric("streamcam_viewers") == 0)
        with serving.talk() as next_:
            assert next_.hear("welcome")
        assert serving.metric("streamcam_viewers_refused_total") == 2


# --- what else the program answers


def test_numbers_for_prometheus_can_be_parsed(serving):
    parser = need_module("prometheus_client.parser", "reads them back")
    families = {f.name: f for f in parser.text_string_to_metric_families(serving.get("/metrics")[2].decode())}
    assert families["streamcam_frames"].samples[0].value > 0
    assert {s.labels["phase"]: s.value for s in families["streamcam_source_phase"].samples}["live"] == 1
    assert families["streamcam_delay_seconds"].samples


def test_languages_come_from_files(tmp_path):
    known = languages(None, 3)
    assert set(known) == {"en", "fr", "de"}
    folder = Path(streamcam.__file__).parent / "web" / "static" / "languages"
    keys = {path.stem: list(json.loads(path.read_text(encoding="utf-8"))) for path in folder.glob("*.json")}
    assert keys["fr"] == keys["de"] == keys["en"]
    (tmp_path / "it.json").write_text('{"name": "Italiano", "more": "Altro"}')
    (tmp_path / "it.labels.txt").write_text("uno\ndue\ntre\n")
    (tmp_path / "de.labels.txt").write_text("eins\nzwei\ndrei\n")
    known = languages(tmp_path, 3)
    assert known["it"].sentences["more"] == "Altro"
    assert known["it"].labels == ("uno", "due", "tre")
    assert known["de"].labels == ("eins", "zwei", "drei")
    with pytest.raises(OptionError, match="3 names"):
        languages(tmp_path, 4)
    (tmp_path / "it.json").write_text('{"nonsense": "x"}')
    with pytest.raises(OptionError, match="nonsense"):
        languages(tmp_path, 3)


def test_settings_that_no_file_of_ours_has_are_refused(tmp_path):
    for text in ("[]", '{"alpha": 7}', '{"x": 1}', "", "7"):
        path = tmp_path / "settings.json"
        path.write_text(text)
        with pytest.raises(OptionError, match="settings"):
            Stage(Controls(Overlay(("a",))), Curated(), ("en",), settings_file=path)
    assert parse('{"do": "settings"}') == Settings()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--token", "short"], "at least 12 characters"),
        (["--language", "xx"], "language xx"),
        (["--colormap", "hot"], "colormap hot: the page has jet"),
        (["--target", "top1", "--target", "top2", "--target", "top3"], "two classes at most"),
        (["--languages", "nowhere"], "is no folder"),
        (["--certfile", "nothing.pem"], "cannot be used as a certificate"),
        (["--host", "192.0.2.1"], "cannot listen there"),
        (["--kiosk", "--hours", "whenever"], "write them as"),
        (["--hours", "9-17"], "add --kiosk"),
        (["--kiosk", "--attract", "nothing.mp4"], "nothing.mp4"),
        (["--allow", "no such thing at all"], "knows no such class"),
    ],
)
def test_wrong_options_end_in_one_line(sample, arguments, says):
    command = [sys.executable, "-m", "streamcam", "serve", str(sample), "--port", "0", *arguments]
    failed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert failed.returncode == 1
    [line] = failed.stderr.strip().splitlines()
    assert says in line


def test_a_port_that_is_taken_is_named(sample, serving):
    command = [sys.executable, "-m", "streamcam", "serve", str(sample), "--port", str(serving.port)]
    failed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert f"127.0.0.1:{serving.port}: cannot listen there" in failed.stderr


def test_tls(camera, tmp_path):
    need(shutil.which("openssl"), "openssl makes the certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate),
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    with Serving(camera.url, "--size", "96", "--certfile", str(certificate), "--keyfile", str(key)) as serving:
        assert serving.scheme == "https"
        trusted = ssl.create_default_context(cafile=str(certificate))
        with connect(f"wss://localhost:{serving.port}/live", ssl=trusted) as socket_:
            socket_.send('{"do": "hello"}')
            assert "welcome" in json.loads(socket_.recv(timeout=20))
