"""Parts that do not fit together are made again."""

from __future__ import annotations

import pytest
from makers import films

from streamcam.batch import edges as edges_module
from streamcam.batch import parts as parts_module
from streamcam.batch.driver import Batch
from streamcam.batch.jobs import plan
from streamcam.batch.settings import AnnotationSettings
from streamcam.batch.workers import WorkerProcesses
from streamcam.settings import Encoding, ExplainSettings, HeatSettings, ModelSettings


@pytest.mark.parametrize("scale", ["absolute", "clip"])
def test_a_run_in_that_is_too_short_is_noticed_and_the_part_made_again(scale, film, model, tmp_path, monkeypatch):
    whole = films.annotate(film, tmp_path / "whole", model, "--scale", scale)
    monkeypatch.setattr(parts_module, "FIRST_RUN_IN", 1)
    monkeypatch.setattr(edges_module, "_SAME_HEAT", 1e-6)
    cuts = []
    real = parts_module.cut

    def cut(index, first, end, run_in, *more, **named):
        cuts.append((first, run_in))
        return real(index, first, end, run_in, *more, **named)

    monkeypatch.setattr(parts_module, "cut", cut)
    out = tmp_path / "out"
    out.mkdir()
    settings = AnnotationSettings(
        model=ModelSettings(model=str(model)),
        explain=ExplainSettings(threads=1),
        heat=HeatSettings(scale=scale),
        encoding=Encoding(crf=10),
    )
    jobs = plan([film], out / "film.mp4", records=out / "film.jsonl", heatmaps=out / "film.h5", probabilities=True).jobs
    batch = Batch(jobs, None, settings, split=6)
    [outcome] = batch.run(WorkerProcesses(settings, 2), lambda progress: None)
    assert outcome.state == "done"
    assert outcome.result.frames == films.FRAMES
    firsts = [first for first, _ in cuts]
    assert len(firsts) > len(set(firsts)) >= 4  # some were cut more than once
    films.assert_equal(whole, out)
