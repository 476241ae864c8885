"""One picture in a line: what people give, what they get, and what it costs when something has changed."""

from __future__ import annotations

import functools
import http.server
import io
import threading

import cv2
import numpy as np
import pytest
from makers import models
from makers.needs import need_module
from PIL import Image

import streamcam
from streamcam.errors import MissingLibraryError, ModelError, OptionError, OutputExistsError, SourceError, TargetError
from streamcam.notebook import kept


@pytest.fixture(scope="module")
def photo(coffee, tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "a cup.png"
    cv2.imwrite(str(path), cv2.resize(coffee, (300, 200), interpolation=cv2.INTER_AREA))
    return path


@pytest.fixture(scope="module")
def result(photo):
    return streamcam.explain(photo)


def test_a_photograph_in_one_line(result, photo):
    assert result.top(1)[0][0] == "espresso"
    assert result.name == "a cup.png"
    assert result.verdict == "sure"
    assert result.score == result.top(1)[0][1] == pytest.approx(result.explanation.probabilities.max())
    assert result.heatmap.min() >= 0
    assert result.heatmap.shape == result.explanation.heatmaps.shape[1:]
    assert repr(result).startswith("ExplainedPicture(a cup.png, 300x200: espresso ")
    same = streamcam.GradCAM("efficientnet-lite0")(cv2.imread(str(photo)))
    np.testing.assert_array_equal(same.heatmaps[0], result.heatmap)


def forms(path):
    """The same picture in every form that people have it in."""
    import keras
    import tensorflow as tf
    import torch

    bgr = cv2.imread(str(path))
    rgb = np.ascontiguousarray(bgr[..., ::-1])
    clear = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(rgb)))
    exif = Image.Exif()
    exif[0x0112] = 6  # is shown turned to the right
    stored = io.BytesIO()
    turned.save(stored, "PNG", exif=exif)
    yield "path as text", str(path), {}
    yield "PIL", Image.open(path), {}
    yield "PIL, turned by EXIF", Image.open(stored), {}
    yield "PIL with alpha", Image.fromarray(clear), {}
    yield "what the file holds", path.read_bytes(), {}
    with path.open("rb") as file:
        yield "an open file", file, {}
    yield "RGB", rgb, {"order": "rgb"}
    yield "BGR", bgr, {"order": "bgr"}
    yield "RGBA", clear, {"order": "rgb"}
    yield "floats to 255", rgb.astype(np.float32), {"order": "rgb"}
    yield "floats to 1", rgb / 255, {"order": "rgb"}
    yield "a batch of one", rgb[None], {"order": "rgb"}
    yield "Keras", keras.ops.convert_to_tensor(keras.utils.img_to_array(Image.open(path))), {}
    yield "TensorFlow", tf.io.decode_png(path.read_bytes()), {}
    yield "PyTorch", torch.from_numpy(rgb.transpose(2, 0, 1).astype(np.float32) / 255), {}
    yield "PyTorch, a batch of one", torch.from_numpy(rgb.transpose(2, 0, 1))[None], {}


def test_every_form_of_a_picture_is_the_same_picture(photo, result):
    need_module("torch", "a tensor of PyTorch")
    seen = []
    for form, given, options in forms(photo):
        found = streamcam.explain(given, **options)
        assert (found.image == result.image).all(), form
        seen.append(form)
    assert len(seen) == 16


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        (None, {}, "None, which is what cv2.imread gives"),
        ("nowhere/tiger.jpg", {}, "nowhere/tiger.jpg: no such file"),
        (np.zeros((8, 8, 3), np.uint8), {}, "order='rgb'"),
        (np.zeros((8, 8, 3), np.uint8), {"order": "brg"}, "order brg: choose one of rgb, bgr"),
        (np.zeros((3, 8, 8), np.uint8), {"order": "rgb"}, r"transpose\(1, 2, 0\)"),
        (np.zeros((2, 8, 8, 3), np.uint8), {"order": "rgb"}, "batch of 2 pictures; explain_all"),
        (np.zeros((8, 8, 5), np.uint8), {"order": "rgb"}, r"\(8, 8, 5\): a picture is"),
        (np.zeros((0, 8, 3), np.uint8), {"order": "rgb"}, "a picture is"),
        (np.full((8, 8, 3), -103.9, np.float32), {"order": "rgb"}, "as it was before preprocess_input"),
        (np.full((8, 8, 3), np.nan, np.float32), {"order": "rgb"}, "pixels are 0 to 255"),
        (np.array([["a"]]), {}, "pixels are numbers"),
        ([1, 2, 3], {}, "list: is no picture"),
        ({"a": 1}, {}, "dict: is no picture"),
        (b"no picture", {}, "10 bytes: not a readable image"),
        (io.StringIO("text"), {}, "open as text"),
        (np.full((8, 8, 3), 300, np.int32), {"order": "rgb"}, "values from 300 to 300"),
    ],
)
def test_what_is_no_picture_is_said_in_one_line(given, options, said):
    with pytest.raises((OptionError, SourceError), match=said) as caught:
        streamcam.explain(given, **options)
    assert "\n" not in str(caught.value)


def test_a_gray_picture_is_gray_in_colours():
    gray = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).astype(np.uint8)
    for given in (gray, gray[..., None], gray > 100):
        assert np.ptp(streamcam.explain(given).image, axis=2).max() == 0


@pytest.fixture
def served(photo):
    """An address at which a folder is served, and what was asked for there."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append((self.path, self.headers.get("Authorization")))

    handler = functools.partial(Handler, directory=str(photo.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_the_url_of_a_file(served, photo, result):
    place, _ = served
    found = streamcam.explain(f"http://{place}/a%20cup.png?size=large")
    assert (found.image == result.image).all()
    assert (streamcam.explain(photo.as_uri()).image == result.image).all()


def test_an_address_that_gives_nothing_is_named_without_its_password(served, photo):
    place, _ = served
    (photo.parent / "words.png").write_text("no picture")
    for path, said in (("none.png", "404"), ("words.png", "not a readable image")):
        with pytest.raises(SourceError, match=said) as caught:
            streamcam.explain(f"http://me:hunter2@{place}/{path}?token=hunter2")
        assert "hunter2" not in str(caught.value)
        assert f"{place}/{path}" in str(caught.value)
    with pytest.raises(SourceError, match="cannot be fetched"):
        streamcam.explain("http://127.0.0.1:9/tiger.png")


def test_other_questions_about_the_same_picture(result):
    cup = result.ask("cup")
    assert cup.labels[int(cup.explanation.classes[0])] == "cup"
    assert cup.explainer is result.explainer
    np.testing.assert_array_equal(cup.explanation.probabilities, result.explanation.probabilities)
    both = result.compare("espresso", "cup")
    assert len(both.explanation.heatmaps) == 2
    assert both.question.startswith("why espresso rather than cup or cup rather than espresso?")
    assert not np.array_equal(both.heatmap, result.heatmap)
    with pytest.raises(TargetError, match="the nearest are"):
        result.ask("espreso")


def test_covering_what_is_hot_is_seen_in_the_answer(result):
    covered, check = result.cover(), result.check()
    assert covered.explanation.classes[0] == result.explanation.classes[0]
    assert 0 < (covered.image != result.image).any(axis=2).mean() < 0.4
    assert covered.score < result.score
    assert check.hot == pytest.approx(1 - covered.score / result.score, abs=0.02)
    assert check.hot > check.cold


def test_it_shows_itself(result):
    page = result._repr_html_()
    assert page.count("<img") == 2
    assert "espresso" in page
    assert "<script" not in page
    shown = cv2.imdecode(np.frombuffer(result._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == result.image.shape
    assert result.compare("espresso", "cup")._repr_html_().count("<img") == 3


def test_a_large_picture_is_shown_small_with_its_heat_in_place(coffee):
    large = streamcam.explain(cv2.resize(coffee, (2400, 1600)), order="bgr", fit="crop")
    shown = cv2.imdecode(np.frombuffer(large._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (427, 640, 3)
    assert len(large._repr_html_()) < 150_000


def test_names_in_the_page_are_text(tmp_path, photo):
    labels = ["<script>alert(1)</script>", *(f"class {n}" for n in range(1, 1000))]
    model = streamcam.load_model().with_labels(tuple(labels))
    assert "<script" not in streamcam.explain(photo, 0, model=model)._repr_html_()


def test_the_overlay_is_an_image_in_rgb(result):
    overlay = result.overlay(alpha=0)
    np.testing.assert_array_equal(np.asarray(overlay), result.image[..., ::-1])
    assert (np.asarray(result.overlay(scale="frame")) != np.asarray(overlay)).any()
    assert np.asarray(result.overlay(layout="heatmap")).shape == result.image.shape
    with pytest.raises(OptionError, match="alpha 7:"):
        result.overlay(alpha=7)


def test_it_is_saved_and_nothing_is_replaced_unasked(result, tmp_path):
    path = result.save(tmp_path / "out.png")
    assert cv2.imread(str(path)).shape == result.image.shape
    with pytest.raises(OutputExistsError):
        result.save(path)
    before = path.read_bytes()
    assert result.save(path, overwrite=True, colormap="turbo").read_bytes() != before


def test_it_is_plotted(result, monkeypatch):
    matplotlib = need_module("matplotlib", "what is plotted")
    matplotlib.use("Agg")
    ax = result.plot(scale="frame")
    assert ax.get_title().startswith("why espresso?\nespresso ")
    assert result.plot(ax) is ax
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(MissingLibraryError, match="pip install matplotlib"):
        result.plot()


def test_a_keras_model_that_was_trained_further_is_taken_over_anew(coffee):
    model = models.flat().model
    first = streamcam.explain(coffee, model=model, order="bgr", precision="f32")
    assert streamcam.explain(coffee, model=model, order="bgr", precision="f32").explainer is first.explainer
    model.set_weights([weight * 1.5 for weight in model.get_weights()])
    second = streamcam.explain(coffee, model=model, order="bgr", precision="f32")
    assert not np.allclose(first.explanation.probabilities, second.explanation.probabilities)
    classifier = streamcam.wrap_model(model)
    third = streamcam.explain(coffee, model=classifier, order="bgr", precision="f32")
    np.testing.assert_allclose(third.explanation.probabilities, second.explanation.probabilities, atol=1e-5)
    model.set_weights([weight * 1.5 for weight in model.get_weights()])
    assert streamcam.explain(coffee, model=classifier, order="bgr", precision="f32").explainer is not third.explainer


def test_a_model_file_that_was_written_anew_is_read_anew(coffee, tmp_path):
    model, path = models.flat().model, tmp_path / "mine.keras"
    model.save(path)
    first = streamcam.explain(coffee, model=path, order="bgr", precision="f32")
    assert streamcam.explain(coffee, model=str(path), order="bgr", precision="f32").explainer is first.explainer
    model.set_weights([weight * 1.5 for weight in model.get_weights()])
    model.save(path)
    second = streamcam.explain(coffee, model=path, order="bgr", precision="f32")
    assert not np.allclose(first.explanation.probabilities, second.explanation.probabilities)


def test_few_explainers_are_kept(photo):
    for method in ("gradcam", "layercam", "hirescam", "xgradcam", "gradcam++", "eigencam"):
        streamcam.explain(photo, method=method)
    assert len(kept._kept) == 4
    with pytest.raises(ModelError, match="nonsense"):
        streamcam.explain(photo, model="nonsense")


def test_many_as_they_are_asked_for(photo, cat, tmp_path):
    cv2.imwrite(str(tmp_path / "a.jpg"), cat)
    (tmp_path / "b.jpg").write_text("no picture")
    (tmp_path / "c.png").write_bytes(photo.read_bytes())
    (tmp_path / "notes.txt").write_text("no picture either")
    wrong = []
    found = list(streamcam.explain_all(tmp_path, failed=lambda given, error: wrong.append((given.name, str(error)))))
    assert [(one.name, one.top(1)[0][0]) for one in found] == [("a.jpg", "Egyptian cat"), ("c.png", "espresso")]
    assert [name for name, _ in wrong] == ["b.jpg"]
    stream = streamcam.explain_all([cat, photo, tmp_path / "b.jpg", photo], order="bgr")
    assert [next(stream).name, next(stream).name] == ["", "a cup.png"]
    with pytest.raises(SourceError, match=r"b\.jpg"):
        next(stream)
    assert [one.name for one in streamcam.explain_all(photo)] == ["a cup.png"]


def test_from_several_threads_at_once(photo, cat, result):
    wanted = {"a cup.png": result.heatmap, "": streamcam.explain(cat, order="bgr").heatmap}
    wrong = []

    def work(method):
        for given in [photo, cat] * 5:
            found = streamcam.explain(given, order="bgr", method=method)
            if method == "gradcam" and not np.array_equal(found.heatmap, wanted[found.name]):
                wrong.append(found.name)

    threads = [threading.Thread(target=work, args=(m,)) for m in ("gradcam", "gradcam", "layercam")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_file_that_pillow_reads_only_now_is_named(tmp_path, photo):
    cut = tmp_path / "cut.png"
    cut.write_bytes(photo.read_bytes()[:3000])
    closed = Image.open(photo)
    closed.close()
    with Image.open(cut) as lazy, pytest.raises(SourceError, match=r"cut\.png"):
        streamcam.explain(lazy)
    with pytest.raises(SourceError, match="cannot be read"):
        streamcam.explain(closed)


def test_a_video_is_sent_on_to_what_takes_it(sample):
    with pytest.raises(SourceError, match=r"is a video and no picture; streamcam\.annotate takes it"):
        streamcam.explain(sample)


def test_16_bits_a_channel_are_brought_to_8(coffee):
    deep = coffee.astype(np.uint16) * 257
    assert (streamcam.explain(deep, order="bgr").image == coffee).all()


def test_targets_are_numbers_of_any_kind_and_nothing_else(result):
    assert result.ask(np.int64(967)).question == result.ask("espresso").question
    for wrong in (1.5, ["espresso", 2.5]):
        with pytest.raises(TargetError, match="is no class"):
            streamcam.explain(result.image, wrong, order="bgr")
    with pytest.raises(OptionError, match="NoneType: is no iterable"):
        list(streamcam.explain_all(None))
