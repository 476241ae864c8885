"""The store on disk, and what it saves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from makers import models

from streamcam import Cache, GradCAM, load_model
from streamcam.errors import StreamcamWarning
from streamcam.explain.build import Recipe
from streamcam.models.preprocessing import PREPROCESSINGS

PICTURE = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)


@pytest.fixture
def model_file(tmp_path):
    models.flat().model.save(tmp_path / "small.keras")
    return tmp_path / "small.keras"


def explain(model_file, cache, **options):
    classifier = load_model(model_file, cache=cache)
    explainer = GradCAM(classifier, precision="f32", cache=cache, **options)
    return explainer, explainer(PICTURE)


def graphs(cache):
    return [entry for entry in cache.entries() if "layers" in entry.facts]


def test_entries_come_back_as_they_were(tmp_path):
    cache = Cache(tmp_path / "c")
    assert cache.get("a" * 32) is None
    cache.put("a" * 32, {"model": "m"}, {"x.bin": b"123"})
    facts, place = cache.get("a" * 32)
    assert facts == {"model": "m"}
    assert (place / "x.bin").read_bytes() == b"123"
    cache.put("a" * 32, {"model": "other"}, {})  # somebody was faster: theirs stays
    assert cache.get("a" * 32)[0] == {"model": "m"}
    [entry] = cache.entries()
    assert (entry.key, entry.facts) == ("a" * 32, {"model": "m"})
    assert cache.clear() == 1
    assert cache.entries() == []
    assert list((tmp_path / "c").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_only_the_owner_can_read_it(tmp_path):
    cache = Cache(tmp_path / "c")
    cache.put("a" * 32, {}, {"x": b"1"})
    assert (tmp_path / "c").stat().st_mode & 0o077 == 0
    assert (tmp_path / "c" / ("a" * 32)).stat().st_mode & 0o077 == 0


def test_it_stays_within_its_limit_and_drops_what_was_used_longest_ago(tmp_path):
    cache = Cache(tmp_path / "c", limit=3500)
    for i, key in enumerate("abc"):
        cache.put(key * 32, {"n": i}, {"x": bytes(1000)})
        os.utime(tmp_path / "c" / (key * 32) / "entry.json", (i, i))
    assert cache.get("a" * 32)  # used again
    cache.put("d" * 32, {}, {"x": bytes(1000)})
    assert {entry.key[0] for entry in cache.entries()} == {"a", "c", "d"}


def test_a_second_explainer_needs_neither_the_model_nor_tensorflow(model_file, tmp_path):
    cache = Cache(tmp_path / "c")
    _, first = explain(model_file, cache)
    code = f"""
import sys, numpy as np
from streamcam import Cache, GradCAM, load_model
cache = Cache(__import__('pathlib').Path({str(tmp_path / "c")!r}))
explain = GradCAM(load_model({str(model_file)!r}, cache=cache), precision="f32", cache=cache)
picture = np.random.default_rng(0).integers(0, 256, (48, 48, 3), np.uint8)
explanation = explain(picture)
assert not {{"tensorflow", "keras"}} & set(sys.modules), "TensorFlow was loaded"
print(explain.layer, float(explanation.heatmaps.sum()), int(explanation.classes[0]))
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert output[0] == "conv_sum"
    assert float(output[1]) == pytest.approx(float(first.heatmaps.sum()), rel=1e-5)
    assert int(output[2]) == first.classes[0]


def test_everything_that_shapes_a_graph_is_in_its_key(model_file, tmp_path):
    cache = Cache(tmp_path / "c")
    base = load_model(model_file, cache=cache)
    recipe = Recipe(base, None, "gradcam", "logit", (48, 48), 1)
    others = [
        Recipe(base, "conv_b", "gradcam", "logit", (48, 48), 1),
        Recipe(base, None, "gradcam", "probability", (48, 48), 1),
        Recipe(base.with_preprocessing(PREPROCESSINGS["tf"]), None, "gradcam", "logit", (48, 48), 1),
    ]
    models.flat(seed=9).model.save(tmp_path / "other.keras")
    others.append(Recipe(load_model(tmp_path / "other.keras", cache=cache), None, "gradcam", "logit", (48, 48), 1))
    keys = {r.key("graph") for r in [recipe, *others]} | {
        recipe.key("graph", size=(96, 48)),
        recipe.key("graph", targets=2),
    }
    assert len(keys) == len(others) + 3


def test_a_damaged_entry_is_made_again_with_a_warning(model_file, tmp_path):
    cache = Cache(tmp_path / "c")
    _, first = explain(model_file, cache)
    for damage in ("flip", "cut", "remove", "nonsense"):
        [entry] = graphs(cache)
        weights = tmp_path / "c" / entry.key / "graph.bin"
        data = weights.read_bytes()
        if damage == "flip":
            weights.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        elif damage == "cut":
            weights.write_bytes(data[: len(data) // 2])
        elif damage == "remove":
            weights.unlink()
        else:
            (weights.parent / "entry.json").write_text("{nonsense")
        with pytest.warns(StreamcamWarning, match="damaged cache entry"):
            _, again = explain(model_file, cache)
        np.testing.assert_array_equal(again.heatmaps, first.heatmaps)
        assert len(graphs(cache)) == 1


def test_an_entry_of_other_versions_is_not_used(model_file, tmp_path, monkeypatch):
    cache = Cache(tmp_path / "c")
    explain(model_file, cache)
    found = {"format": "0", "tensorflow": "1", "keras": "1", "openvino": "1"}
    monkeypatch.setattr("streamcam.explain.build.versions", lambda: found)
    explain(model_file, cache)
    assert len(graphs(cache)) == 2


def test_without_a_cache_nothing_is_written(model_file, tmp_path, monkeypatch):
    monkeypatch.setenv("STREAMCAM_CACHE", str(tmp_path / "unused"))
    explain(model_file, False)
    assert not (tmp_path / "unused").exists()


def test_a_store_that_cannot_be_written_is_no_reason_to_stop(model_file, tmp_path):
    (tmp_path / "file").touch()
    with pytest.warns(StreamcamWarning, match="cannot be written to"):
        _, explanation = explain(model_file, Cache(tmp_path / "file" / "c"))
    assert explanation.heatmaps.shape == (1, 12, 12)


def test_a_size_that_was_refused_is_remembered(tmp_path):
    import keras
    from keras import layers

    inputs = keras.Input((32, 32, 3))
    x = layers.Flatten()(layers.Conv2D(4, 3, strides=2)(inputs))
    keras.Model(inputs, layers.Dense(3, activation="softmax")(x)).save(tmp_path / "fixed.keras")
    cache = Cache(tmp_path / "c")
    for _ in range(2):
        explainer = GradCAM(load_model(tmp_path / "fixed.keras", cache=cache), precision="f32", cache=cache)
        with pytest.warns(StreamcamWarning, match="stretch"):
            explainer(np.zeros((32, 64, 3), np.uint8))
    assert sum("refused" in entry.facts for entry in cache.entries()) == 1


def test_several_processes_may_start_at_once(model_file, tmp_path):
    code = f"""
import numpy as np
from streamcam import GradCAM, load_model
GradCAM(load_model({str(model_file)!r}), precision="f32")(np.zeros((48, 48, 3), np.uint8))
"""
    environment = os.environ | {"STREAMCAM_CACHE": str(tmp_path / "c")}
    running = [
        subprocess.Popen([sys.executable, "-W", "error::UserWarning", "-c", code], env=environment) for _ in range(3)
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    cache = Cache(tmp_path / "c")
    assert len(graphs(cache)) == 1
    assert all(cache.get(entry.key) for entry in cache.entries())
    assert not list((tmp_path / "c").glob(".draft-*"))


def test_who_measured_a_precision_first_decides_for_all_who_agree(model_file, tmp_path, monkeypatch):
    agreed = Cache(tmp_path / "agreed")
    measured = iter(["f32", "bf16"])
    monkeypatch.setattr("streamcam.explain.build.cpu_precisions", lambda: ("bf16", "f32"))
    monkeypatch.setattr("streamcam.explain.build.choose", lambda *_: next(measured))

    def precision(name, agreed):
        """What is computed in, and what is kept under the name."""
        cache = Cache(tmp_path / name)
        explainer = GradCAM(load_model(model_file, cache=cache), cache=cache, agreed=agreed)
        explainer(PICTURE)
        [kept] = [entry.facts["precision"] for entry in cache.entries() if "precision" in entry.facts]
        return explainer.precision, kept

    assert precision("one", agreed) == ("f32", "f32")
    assert precision("other", agreed) == ("f32", "f32")
    assert precision("alone", None)[1] == "bf16"
    assert precision("alone", agreed) == ("f32", "bf16")
    assert next(measured, None) is None


def test_leftovers_of_killed_processes_go(tmp_path):
    cache = Cache(tmp_path / "c")
    cache.put("a" * 32, {}, {})
    old = tmp_path / "c" / ".draft-old"
    old.mkdir()
    long_ago = time.time() - 3 * 86_400
    os.utime(old, (long_ago, long_ago))
    (tmp_path / "c" / ".draft-new").mkdir()
    cache.put("b" * 32, {}, {})
    assert {p.name for p in Path(tmp_path / "c").glob(".draft-*")} == {".draft-new"}


def test_the_cache_command(tmp_path, monkeypatch, capsys):
    from streamcam.cli.cache import clear_command, list_command

    monkeypatch.setenv("STREAMCAM_CACHE", str(tmp_path / "c"))
    Cache().put("a" * 32, {"model": "m.keras", "size": "224x384", "layers": ["top"]}, {"x": bytes(2_000_000)})
    list_command()
    out = capsys.readouterr().out
    assert "2.0 MB" in out
    assert "m.keras  224x384  top" in out
    clear_command()
    assert "1 entries removed" in capsys.readouterr().out
    assert json.dumps(Cache().entries()) == "[]"
