"""How many viewers there may be at once."""

from __future__ import annotations

from makers.servers import TOKEN, Serving, closed_with


def test_whoever_has_a_key_finds_a_place(camera):
    with Serving(camera.url, "--size", "96", "--max-viewers", "1") as serving, serving.talk() as one:
        one.hear("welcome")
        with serving.talk() as other:
            assert other.hear("refused") == "full"
        with serving.talk(TOKEN) as staff:
            assert staff.hear("welcome")["role"] == "staff"


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
