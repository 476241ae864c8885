"""Live sessions on a real stream: what they count, what people change on the way, and how they end."""

from __future__ import annotations

import json
import time

import numpy as np
from makers import heats, models
from makers.cameras import number_of
from makers.explainers import image
from makers.sessions import Keep, session

from streamcam import Frame, GradCAM, wrap_model
from streamcam.drawing.overlay import Overlay
from streamcam.drawing.text import bar_height
from streamcam.live.controls import Controls, SessionEnd
from streamcam.live.explainer import LiveExplainer
from streamcam.live.session import LiveDrawing, run_session
from streamcam.live.stats import Stats
from streamcam.sources.live.live import LiveSource


def test_a_session_counts_what_it_did(camera):
    explained = []

    def enough(count, frame, explanation):
        explained.append(explanation is not None)
        if sum(explained[:-1]) >= 30:
            raise SessionEnd

    keep = Keep(enough)
    stats = session(LiveSource(camera.url), writers=[keep])
    data = stats.to_json()
    shown = data["frames"]["shown"]
    assert shown == sum(frame.fresh for frame, _ in keep.shown[:-1])  # the last one ended it
    assert data["frames"]["captured"] >= shown >= 30
    assert shown <= data["frames"]["captured"] - data["frames"]["dropped"] <= shown + 1
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

    run_session(source, LiveExplainer(lambda size: explainer, controls, stats), controls, [Keep(steer)], stats)
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

        def start(self, frame, targets=None, method=None):
            time.sleep(0.1 if min(self.size) > 30 else 0.001)
            return super().start(frame, targets, method)

    monkeypatch.setattr("streamcam.live.explainer._SECONDS_TO_JUDGE", 0.5)
    made = {}
    explain = LiveExplainer(
        lambda size: made.setdefault(size, Slow(model, size=size, cache=False)), controls, stats, target_fps=20
    )

    def enough(count, frame, explanation):
        if min(explain.current.size) < 30 and explanation is not None:
            raise SessionEnd

    run_session(source, explain, controls, [Keep(enough)], stats)
    assert min(explain.current.size) == round(48 * 0.5)


def test_the_end_does_not_wait_for_what_is_being_prepared(camera):
    seen = []

    def prepare(size, shape, targets, method, stopped):
        seen.append(stopped.wait(60))

    stats = session(LiveSource(camera.url), limit=5, prepare=prepare)
    assert seen == [True]
    assert stats.explained == 0


def test_the_panel_keeps_its_corner_when_the_picture_is_drawn_otherwise_and_leaves_the_last_line_free():
    image = np.full((240, 320, 3), 128, np.uint8)
    controls = Controls(Overlay(heats.LABELS, alpha=0.0))
    drawing = LiveDrawing(controls, Stats(LiveSource(0)))

    def drawn(place, index):
        explanation = heats.heated(320, 240, place, index=index)
        return heats.written(drawing.draw(image, explanation), image)

    above, below = (0.5, 0.15), (0.5, 0.9)
    assert drawn(below, 0)[:2] == drawn(below, 1)[:2]
    controls.next_colormap()
    assert drawn(above, 2)[:2] == drawn(below, 3)[:2]  # not at once
    for index in range(4, 60):
        moved = drawn(above, index)
    assert moved[1] > 120
    assert moved[3] < 240 - bar_height(image)


def test_a_method_that_the_model_has_nothing_for_is_said_and_passed_over():
    model = wrap_model(models.flat().model)
    controls = Controls(Overlay(model.labels), method="recipro-cam")
    explain = LiveExplainer(lambda size: GradCAM(model, cache=False), controls, Stats(LiveSource(0)))
    frame = Frame(np.zeros((48, 48, 3), np.uint8), 0, 0.0)
    explain.explain(frame)
    controls.next_method()
    assert controls.method == "attention"
    assert explain.explain(frame).heatmaps.shape == (1, 12, 12)
    assert controls.method == explain.describe()["method"] == "recipro-cam"
    assert "has no attention" in controls.notice
    assert not explain.is_preparing
    controls.next_method()
    assert controls.method == "gradcam"


def test_a_picture_at_rest_is_explained_again_only_when_something_else_is_asked():
    model = wrap_model(models.flat().model)
    source, controls = LiveSource(0), Controls(Overlay(model.labels))
    stats = Stats(source)
    explain = LiveExplainer(lambda size: GradCAM(model, cache=False), controls, stats, every="auto")
    frames = [Frame(image(48, 48), index, index / 30) for index in range(12)]
    indices = [explain.explain(frame).index for frame in frames[:4]]
    controls.explain_rank(2)
    indices += [explain.explain(frame).index for frame in frames[4:8]]
    controls.next_method()
    indices += [explain.explain(frame).index for frame in frames[8:]]
    assert indices == [0] * 4 + [4] * 4 + [8] * 4
    assert stats.explained == 3
