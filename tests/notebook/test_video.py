"""A video in a line: shown in a cell, with its records as a table."""

from __future__ import annotations

import base64
import re

import cv2
import numpy as np
import pytest
from makers import clips, models
from makers.needs import need_module

import streamcam
from streamcam.batch.settings import AnnotationSettings
from streamcam.errors import MissingLibraryError, OptionError, OutputExistsError, SourceError, TargetError
from streamcam.settings import PictureSettings


@pytest.fixture
def clip(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clips.write_clip(tmp_path / "clip.mp4", 12)
    return tmp_path / "clip.mp4"


def embedded(html, kind):
    return base64.b64decode(re.search(rf'src="data:{kind};base64,([^"]+)"', html)[1])


def test_a_clip_is_annotated_beside_and_shown(clip, tiny_model):
    result = streamcam.annotate(clip, model=tiny_model)
    assert result.output.name == "clip.cam.mp4"
    assert len(result.records) == len(clips.decoded(result.output)) == 12
    assert result.header["model"] == "tiny.keras"
    html = result._repr_html_()
    assert html.count("<video controls") == 1
    assert embedded(html, "video/mp4") == result.output.read_bytes()
    assert repr(result).startswith(f"AnnotatedVideo({clip} -> {result.output}: 12 frames")
    with pytest.raises(OutputExistsError, match="exists already"):
        streamcam.annotate(clip, model=tiny_model)
    assert streamcam.annotate(clip, model=tiny_model, overwrite=True).records == result.records
    assert sorted(path.name for path in clip.parent.iterdir()) == ["clip.cam.mp4", "clip.mp4"]
    result.output.unlink()
    assert "not there any more" in result._repr_html_()


def test_it_is_what_the_command_makes(clip, tiny_model, tmp_path):
    from makers.runs import read_records
    from makers.runs import streamcam as command

    result = streamcam.annotate(clip, "one.mp4", ["class 3", "top1"], model=tiny_model, layout="panels", start=0.2)
    arguments = (
        "--target",
        "class 3",
        "--target",
        "top1",
        "--layout",
        "panels",
        "--start",
        "0.2",
        "--records",
        "two.jsonl",
    )
    done = command("annotate", "clip.mp4", "-o", "two.mp4", "-m", tiny_model, *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()
    _, *rows = read_records(tmp_path / "two.jsonl")
    assert list(result.records) == rows


def test_records_are_a_table_of_plain_columns(clip, tiny_model):
    pandas = need_module("pandas", "is the table")
    result = streamcam.annotate(clip, targets=["class 3", "class 5"], model=tiny_model, every=3)
    table = result.to_pandas()
    assert len(table) == len(result.rows) == 24
    assert table["explained"].sum() == 8
    assert set(table["target"]) == {"class 3", "class 5"}
    assert table["target_score"].dtype == table["peak_x"].dtype == table["inside"].dtype == np.float64
    first = result.records[0]["targets"][1]
    assert table.iloc[1][["target", "target_score", "strength"]].tolist() == [
        first["label"],
        first["score"],
        first["strength"],
    ]
    assert (table.groupby("frame")["time"].nunique() == 1).all()
    assert isinstance(table, pandas.DataFrame)
    arrow = result.to_arrow()
    assert arrow.column_names == list(table.columns)
    assert arrow.num_rows == 24
    assert arrow["strength"].to_pylist() == pytest.approx(table["strength"].tolist())


def test_a_missing_library_of_tables_is_named(clip, tiny_model, monkeypatch):
    result = streamcam.annotate(clip, model=tiny_model)
    for name, make in (("pandas", result.to_pandas), ("pyarrow", result.to_arrow)):
        monkeypatch.setitem(__import__("sys").modules, name, None)
        with pytest.raises(MissingLibraryError, match=f"pip install {name}"):
            make()


def test_with_a_keras_model_as_it_is_and_an_image(tmp_path, coffee, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("cup.png", cv2.resize(coffee, (160, 120)))
    result = streamcam.annotate("cup.png", model=models.flat(rescales=True).model)
    assert (result.output.name, len(result.records)) == ("cup.cam.png", 1)
    assert embedded(result._repr_html_(), "image/png") == result.output.read_bytes()
    assert "1 frame)" in repr(result)


def test_all_other_settings_are_settings(clip, tiny_model):
    settings = AnnotationSettings(picture=PictureSettings(layout="heatmap", hud=False), every=2)
    one = streamcam.annotate(clip, "one.mp4", model=tiny_model, settings=settings)
    other = streamcam.annotate(clip, "other.mp4", model=tiny_model, layout="heatmap", every=2)
    assert one.records == other.records
    assert not np.array_equal(clips.decoded(one.output)[0], clips.decoded(other.output)[0])  # with words


def test_what_is_wrong_is_raised_before_a_model_is_loaded(clip):
    for wrong, error in (
        ({"source": "gone.mp4"}, SourceError),
        ({"source": "."}, SourceError),
        ({"source": clip, "every": 0}, OptionError),
        ({"source": clip, "start": 2, "end": 1}, OptionError),
        ({"source": clip, "output": clip, "overwrite": True}, streamcam.StreamcamError),
    ):
        with pytest.raises(error) as caught:
            streamcam.annotate(**wrong, model="nonsense")
        assert "\n" not in str(caught.value)
    with pytest.raises(TargetError, match="no such class"):
        streamcam.annotate(clip, targets="nonsense")
    assert [path.name for path in clip.parent.iterdir()] == ["clip.mp4"]


def test_a_preview_outside_of_a_notebook_says_so():
    with pytest.raises(OptionError, match=r"streamcam\.watch opens a window"):
        streamcam.preview(0)
