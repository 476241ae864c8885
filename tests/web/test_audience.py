"""How many viewers there may be at once."""

from __future__ import annotations

from makers.servers import TOKEN, Serving, closed_with


def test_whoever_has_a_key_finds_a_place(camera):
    with Serving(camera.url, "--size", "96", "--max-viewers", "1") as serving, serving.connected() as one:
        one.receive("welcome")
        with serving.connected() as other:
            assert other.receive("refused") == "full"
        with serving.connected(TOKEN) as staff:
            assert staff.receive("welcome")["role"] == "staff"


def test_one_viewer_too_many_is_told_so(camera):
    with Serving(camera.url, "--size", "96", "--max-viewers", "2") as serving:
        with serving.connected() as one, serving.connected() as other:
            one.receive("welcome")
            other.receive("welcome")
            with serving.connected() as third:
                assert third.receive("refused") == "full"
                assert closed_with(third) == 1013
            assert serving.get("/stream.mjpg")[0] == 503
            assert one.picture()
        serving.wait(lambda: serving.metric("streamcam_viewers") == 0)
        with serving.connected() as next_:
            assert next_.receive("welcome")
        assert serving.metric("streamcam_viewers_refused_total") == 2
