"""A viewer's connection: what goes over it, and who is put out."""

from __future__ import annotations

import json
import random
import threading
import time
from contextlib import ExitStack, suppress
from itertools import pairwise

import cv2
import numpy as np
import pytest
from makers.cameras import number_of
from makers.messages import is_malformed, mutated
from makers.servers import TOKEN, Serving, closed_with, unpack
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from streamcam.web.messages import MAX_TEXT


def test_a_viewer_gets_frames_with_their_heat_and_what_the_model_said(serving, camera):
    with serving.connected() as viewer:
        assert viewer.receive("welcome")["role"] == "visitor"
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
    with serving.connected() as viewer:
        viewer.receive("welcome")
        first = viewer.picture()[0]["time"]
        assert viewer.picture()[0]["time"] > first
        while isinstance(message := viewer.socket.recv(), str):
            pass
        with pytest.raises(TimeoutError):
            for _ in range(10):
                assert isinstance(viewer.socket.recv(timeout=1), str)  # no second picture before the first is painted
        header = unpack(message)[0]
        viewer.send(do="ack", id=header["id"])
        assert viewer.picture()[0]["time"] > header["time"] + 0.9


def test_a_stalled_viewer_delays_nobody(serving):
    with serving.connected() as stalled, serving.connected() as viewer:
        stalled.receive("welcome")  # and paints nothing
        times = [viewer.picture()[0]["time"] for _ in range(20)]
        gaps = np.diff(times)
    assert np.median(gaps) < 0.2


def test_everything_that_can_be_asked_for(serving):
    with serving.connected() as viewer:
        welcome = viewer.receive("welcome")
        assert set(welcome) == {"role", "run"}
        assert welcome["role"] == "visitor"
        viewer.send(do="explain", classes=[285])
        viewer.state(asked=[285])
        serving.wait(lambda: [t[0] for t in viewer.explained()["targets"]] == [285])
        viewer.send(do="explain", classes=[285, 967])
        serving.wait(lambda: [t[0] for t in viewer.explained()["targets"]] == [285, 967])
        header, heat, _ = viewer.picture()
        assert header["heat"][0] == 2
        assert len(heat) == np.prod(header["heat"])
        viewer.send(do="method", method="hirescam")
        viewer.state(method="hirescam")
        viewer.send(do="explain", classes=[1000])
        assert viewer.receive("denied") == "unknown class"
        viewer.send(do="explain", classes=[])
        viewer.send(do="method", method="gradcam")
        serving.wait(lambda: len(viewer.explained()["targets"]) == 1)


def test_a_change_is_told_once(serving):
    with serving.connected() as viewer:
        viewer.receive("welcome")
        viewer.send(do="explain", classes=[281])
        states = [viewer.state(asked=[281])]
        viewer.send(do="explain", classes=[])
        with suppress(TimeoutError):
            while True:
                states.append(viewer.receive("state", seconds=1))
    assert states[-1]["asked"] == []
    assert all(earlier != later for earlier, later in pairwise(states))


def test_malformed_messages_end_their_sender_and_harm_nobody(serving):
    random_ = random.Random(7)
    before = serving.metric("streamcam_messages_malformed_total")
    malformed = 0
    with serving.connected() as witness:
        witness.receive("welcome")
        for number in range(300):
            if number % 20 == 0:
                assert witness.picture()
            with serving.connected() as viewer:
                viewer.receive("welcome")
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
    with serving.connected() as viewer:
        viewer.socket.send("x" * 5000)
        assert closed_with(viewer) == 1009
    with serving.connected() as viewer:
        with pytest.raises(ConnectionClosed) as ended:
            for _ in range(2000):
                viewer.send(do="touch")
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
    with serving.connected() as viewer:
        viewer.socket.send(b"\xff\xd8 a picture that nobody asked for")
        assert closed_with(viewer) == 1008


def test_a_key_that_is_no_text_is_a_wrong_one(serving):
    with connect(f"ws://localhost:{serving.port}/live") as odd:
        odd.send('{"do": "hello", "key": "\\ud800"}')
        assert json.loads(odd.recv(timeout=20)) == {"refused": "key"}


def test_a_browsers_pictures_are_explained_for_that_browser_only(cat):
    jpeg = cv2.imencode(".jpg", cat)[1].tobytes()
    with Serving("browser", "--size", "96", "--cameras", "1") as serving:
        assert serving.get("/stream.mjpg")[0] == 404
        stop = threading.Event()
        with serving.connected() as owner, serving.connected() as other:

            def feed():
                while not stop.wait(0.05):
                    owner.socket.send(jpeg)

            thread = threading.Thread(target=feed)
            thread.start()
            try:
                header = owner.explained()
                assert 281 <= header["top"][0][0] <= 287  # a cat
                other.receive("welcome")
                with pytest.raises(TimeoutError):
                    other.picture(seconds=2)
                other.socket.send(jpeg)
                turn = other.receive("turn")
                assert turn["place"] == 1
                assert 50 < turn["seconds"] <= 60
            finally:
                stop.set()
                thread.join()
            owner.socket.close()
            serving.wait(lambda: serving.metric("streamcam_viewers") == 1)
            other.socket.send(jpeg)
            assert other.receive("turn") == {"place": 0, "seconds": 0}
        with serving.connected() as bad:
            bad.receive("welcome")
            bad.socket.send(jpeg[:50])
            assert closed_with(bad) == 1008


def test_each_visitor_sees_their_own_picture_at_once(cat, coffee):
    jpegs = [cv2.imencode(".jpg", image)[1].tobytes() for image in (cat, coffee)]
    with Serving("browser", "--size", "160", "--cameras", "2") as serving, ExitStack() as stack:
        first, second = (stack.enter_context(serving.connected()) for _ in range(2))
        stop = threading.Event()

        def feed(viewer, jpeg):
            while not stop.wait(0.08):
                viewer.socket.send(jpeg)

        threads = [threading.Thread(target=feed, args=given) for given in zip((first, second), jpegs, strict=True)]
        for thread in threads:
            thread.start()
        try:
            assert 281 <= first.explained()["top"][0][0] <= 287  # a cat
            serving.wait(lambda: second.explained()["top"][0][0] in (504, 967, 968))  # a cup of coffee
            first.send(do="explain", classes=[285])
            first.state(asked=[285])
            serving.wait(lambda: [index for index, _ in first.explained()["targets"]] == [285])
            for _ in range(10):
                assert second.explained()["targets"][0][0] != 285
            first.send(do="paint", dabs=[[0.5, 0.5, 0.3]])
            first.state(painted=[[0.5, 0.5, 0.3]])
            with serving.connected(TOKEN) as staff:  # of all of them
                staff.send(do="settings", colormap="viridis")
                staff.receive("state")
                for viewer in (first, second):
                    serving.wait(lambda: viewer.receive("state")["curated"]["colormap"] == "viridis")  # noqa: B023
            assert serving.health()["status"] == "ok"
            assert serving.metric("streamcam_frames_encoded_total") > 10
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        first.send(do="leave")
        second.send(do="leave")
        before = serving.metric("streamcam_frames_total")
        time.sleep(1.5)
        assert serving.metric("streamcam_frames_total") <= before + 2  # nothing of them goes on
