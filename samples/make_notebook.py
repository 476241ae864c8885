"""Make ``notebook.ipynb``: the classic Grad-CAM notebook cell by cell, and streamcam beside it, executed.

    pip install streamcam nbclient ipykernel matplotlib pandas
    python samples/make_notebook.py

Its outputs are kept in it. Cells that need a camera or the network are shown, and not executed.
"""

from __future__ import annotations

import base64
import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

HERE = Path(__file__).parent
LARGE = 40_000  # of a picture in base64
NEEDED = ("cat.jpg", "cat_and_coffee.mp4")

CELLS = (
    """
# Why this answer?

The classic Grad-CAM notebook, cell by cell, and [streamcam](../README.md) beside it. It runs offline: the model comes with
streamcam, the picture is in the public domain. The three lines that matter:
""",
    """
import streamcam

streamcam.explain("cat.jpg")
""",
    """
## The classic way

A picture at the model's size, what the model says of it, a gradient tape, the raw heatmap, and a jet overlay.
""",
    """
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

classifier = streamcam.load_model("efficientnet-lite0")
model, labels = classifier.network.model, classifier.labels  # an ordinary Keras model, and its 1,000 names

picture = keras.utils.load_img("cat.jpg", target_size=(224, 224))
batch = (keras.utils.img_to_array(picture)[None] - 127) / 128
said = model.predict(batch, verbose=0)[0]
[(labels[i], round(float(said[i]), 3)) for i in said.argsort()[::-1][:4]]
""",
    '''
def classic_heatmap(batch, index, layer="top_activation", score="probability"):
    """Selvaraju et al. 2017: activations, weighted by the mean gradient of their channel, and what is positive of it."""
    head = model.layers[-1]  # a Dense layer with a softmax
    both = keras.Model(model.inputs, [model.get_layer(layer).output, head.input])
    with tf.GradientTape() as tape:
        activations, pooled = both(batch)
        scores = pooled @ head.kernel + head.bias
        scores = tf.nn.softmax(scores) if score == "probability" else scores
        wanted = scores[:, index]
    weights = tf.reduce_mean(tape.gradient(wanted, activations), axis=(0, 1, 2))
    return tf.nn.relu(tf.reduce_sum(activations[0] * weights, axis=-1)).numpy()


best = int(said.argmax())
heatmap = classic_heatmap(batch, best)
plt.matshow(heatmap)
plt.show()
''',
    """
jet = plt.colormaps["jet"](np.arange(256))[:, :3]
coloured = keras.utils.array_to_img(jet[np.uint8(255 * heatmap / heatmap.max())]).resize(picture.size)
classic_overlay = keras.utils.array_to_img(0.4 * keras.utils.img_to_array(coloured) + keras.utils.img_to_array(picture))
classic_overlay
""",
    """
Most such notebooks end here: *"the model looks at the cat, so it is right for the right reasons."*

## The same with streamcam

`explain` takes the picture as it is, and knows how this model is fed. Its raw map is that of the tape:
""",
    """
for score in ("probability", "logit"):
    ours = streamcam.explain(picture, best, score=score, precision="f32").heatmap
    theirs = classic_heatmap(batch, best, score=score)
    difference = float(abs(ours - theirs).max() / theirs.max())
    print(f"{score}: {ours.shape}, off by {difference:.1e} of the maximum")
    assert difference < 1e-4
""",
    """
result = streamcam.explain(picture, score="probability")
overlay = result.overlay(alpha=0.4, mode="add", scale="frame")

figure, axes = plt.subplots(1, 2, figsize=(7, 3.5))
for ax, title, shown in zip(axes, ("the classic overlay", "streamcam's"), (classic_overlay, overlay), strict=True):
    ax.imshow(shown)
    ax.set_title(title)
    ax.set_axis_off()
plt.show()
""",
    """
A new picture of the same size takes milliseconds, since the function is compiled once:
""",
    """
import time


def seconds_of(work, times=10):
    work()
    begin = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - begin) / times


classic = seconds_of(lambda: (model.predict(batch, verbose=0), classic_heatmap(batch, best)), times=3)
ours = seconds_of(lambda: streamcam.explain(picture))
print(f"the classic way {1e3 * classic:.0f} ms, streamcam {1e3 * ours:.1f} ms: {classic / ours:.0f} times as fast")
""",
    """
## What may be concluded

Not that the model is right. It says what it says, this surely:
""",
    """
result = streamcam.explain("cat.jpg")
print(", ".join(f"{label} {probability:.0%}" for label, probability in result.top(4)), "-", result.verdict)
result
""",
    """
Cheeks and brow are hot, but several cats have those. Chelsea is a tabby. What speaks for *tabby* rather than for the model's
own answer, and the other way round? Each map is as strong as its evidence, so what is weak looks weak:
""",
    """
result.compare("tabby", result.top(1)[0][0])
""",
    """
And is the heat to be believed? Then covering what is hot costs the class more than covering as much of the rest:
""",
    """
check, covered = result.check(), result.cover()
print(f"covering the hottest tenth costs {check.hot:.0%} of the probability, the coldest tenth {check.cold:.0%}")
print(f"with the hottest tenth covered: {covered.top(1)[0][0]} {covered.top(1)[0][1]:.0%}")
if check.proves:
    print("so the answer hangs on what is hot")
else:
    print("so this heatmap proves nothing about why it chose this cat among the cats")
covered
""",
    """
So, honestly: the model is fairly sure that this is a cat, not which one; its evidence lies on the face, which all its cats
share; and covering the hot places does not change its mind. *"It looks at the cat"* was true, and no reason to trust the name.

## From one picture to a video

`annotate` writes the annotated video, and shows it; what was said of each frame is a table.
""",
    """
video = streamcam.annotate("cat_and_coffee.mp4", end=3.6, every=2)
video
""",
    """
table = video.to_pandas()
table.groupby("label")[["score", "strength"]].agg(["mean", "count"]).round(3)
""",
    """
## Your own model, many pictures, your camera

Any Keras classifier goes by `model=`, as it is or by its path; the weights of ResNet50 are fetched by Keras at their first use.
These cells need the network or a camera, and are not executed here.
""",
    """
# skip
streamcam.explain("cat.jpg", ["tabby", "tiger cat"], model="resnet50", layer="conv5_block3_out")
""",
    """
# skip
for each in streamcam.explain_all("photos/", model=keras.applications.ResNet50()):
    print(each.name, each.top(1), each.verdict)
""",
    """
# skip
streamcam.preview(0)  # until the kernel is interrupted
""",
)


def notebook() -> Any:
    """The notebook, without outputs."""
    cells = []
    for number, text in enumerate(CELLS):
        text = text.strip()
        is_code = number > 0 and not _is_prose(text)
        cell = (nbformat.v4.new_code_cell if is_code else nbformat.v4.new_markdown_cell)(text.removeprefix("# skip\n"))
        cell.id = f"cell-{number}"
        if text.startswith("# skip\n"):
            cell.metadata.tags = ["skip-execution"]
        cells.append(cell)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _is_prose(text: str) -> bool:
    try:
        compile(text, "cell", "exec")
    except SyntaxError:
        return True
    return False


def executed(book: Any, folder: Path) -> Any:
    """The notebook with its outputs, executed in a folder that holds what it needs. Raises what a cell raises."""
    NotebookClient(book, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    for cell in book.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":  # what libraries write to stderr is of the machine, not of the notebook
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
            for output in cell.outputs:
                data = output.get("data", {})
                if "text/html" in data or "image/jpeg" in data:  # which is what is shown
                    data.pop("image/png", None)
                elif len(data.get("image/png", "")) > LARGE:
                    data["image/jpeg"] = _as_jpeg(data.pop("image/png"))
    book.metadata.pop("language_info", None)
    return book


def _as_jpeg(png: str) -> str:
    """A picture in base64 that is smaller."""
    stored = io.BytesIO()
    Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB").save(stored, "JPEG", quality=85)
    return base64.b64encode(stored.getvalue()).decode()


def main() -> None:
    """Make and execute it."""
    with tempfile.TemporaryDirectory() as folder:
        for name in NEEDED:
            shutil.copy(HERE / name, folder)
        book = executed(notebook(), Path(folder))
    nbformat.validate(book)
    nbformat.write(book, HERE / "notebook.ipynb")


if __name__ == "__main__":
    main()
