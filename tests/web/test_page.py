"""The page's sink: each frame is encoded once."""

from __future__ import annotations

import threading


def test_each_frame_is_encoded_once_for_all_and_not_at_all_for_nobody(serving):
    serving.wait(lambda: serving.metric("streamcam_viewers") == 0)
    before = [serving.metric(f"streamcam_{name}_total") for name in ("frames", "frames_encoded")]
    serving.wait(lambda: serving.metric("streamcam_frames_total") >= before[0] + 10)
    after = [serving.metric(f"streamcam_{name}_total") for name in ("frames", "frames_encoded")]
    assert after[0] > before[0]
    assert after[1] == before[1]
    all_here = threading.Barrier(4)

    def look():
        with serving.connected() as viewer:
            viewer.receive("welcome")
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
