"""streamcam beside other Grad-CAM tools and the classic notebook's loop: the same frames, machine and run.

    pip install -e ".[bench]" && pip install --no-deps xplique   # xplique's own dependencies ask for CUDA
    python tests/benchmarks/peers.py

One heatmap of ResNet50 at 224x224, and a 720p H.264 clip annotated whole, each tool in a process of its own. The weights
are random: they change nothing in what has to be computed. Prints the table that the README shows. A tool that cannot
be loaded is listed as missing, with the reason.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_BACKEND"] = "tensorflow"

import cv2
import numpy as np
import psutil

Heatmap = Callable[[np.ndarray], np.ndarray]  # (224, 224, 3) uint8 RGB in, 2-d map out
WARM_UP, HEATMAPS, PEER_FRAMES, OUR_FRAMES = 3, 30, 24, 300


def notebook() -> Heatmap:
    import keras
    from notebook import make_notebook_gradcam

    return make_notebook_gradcam(keras.applications.ResNet50(weights=None), "conv5_block3_out")


def tf_keras_vis() -> Heatmap:
    import keras
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    model = keras.applications.ResNet50(weights=None)
    gradcam = Gradcam(model, model_modifier=ReplaceToLinear(), clone=True)

    def heatmap(image: np.ndarray) -> np.ndarray:
        batch = keras.applications.resnet50.preprocess_input(image[None].astype("float32"))
        top = int(np.argmax(model(batch, training=False)[0]))
        return gradcam(CategoricalScore([top]), batch, penultimate_layer="conv5_block3_out")[0]

    return heatmap


def xplique() -> Heatmap:
    import keras
    import tensorflow as tf
    from xplique.attributions import GradCAM

    model = keras.applications.ResNet50(weights=None, classifier_activation=None)
    explainer = GradCAM(model, conv_layer="conv5_block3_out", batch_size=1)

    def heatmap(image: np.ndarray) -> np.ndarray:
        batch = keras.applications.resnet50.preprocess_input(image[None].astype("float32"))
        top = tf.one_hot(tf.argmax(model(batch, training=False), axis=-1), 1000)
        return np.squeeze(np.asarray(explainer(batch, top)))

    return heatmap


def _torch_resnet50():
    """torchvision's network. One built for CUDA does not load beside a torch for the CPU, for want of operators that
    ResNet50 does not use: they are declared, never run."""
    import torch

    declared = _torch_resnet50.declared = torch.library.Library("torchvision", "FRAGMENT")  # lives as long as this
    for _ in range(50):
        try:
            from torchvision.models import resnet50

            return resnet50(weights=None).eval()
        except RuntimeError as error:
            missing = re.search(r"operator torchvision::(\w+) does not exist", str(error))
            if not missing:
                raise
            declared.define(f"{missing[1]}() -> ()")
            for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
                del sys.modules[name]
    raise ImportError("torchvision does not load")


def _torch_input(image: np.ndarray):
    import torch

    mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    return torch.from_numpy(((image / np.float32(255) - mean) / std).transpose(2, 0, 1)[None].copy())


def pytorch_grad_cam() -> Heatmap:
    model = _torch_resnet50()
    from pytorch_grad_cam import GradCAM

    cam = GradCAM(model=model, target_layers=[model.layer4[-1]])
    return lambda image: cam(input_tensor=_torch_input(image), targets=None)[0]


def torch_cam() -> Heatmap:
    model = _torch_resnet50()
    from torchcam.methods import GradCAM

    extractor = GradCAM(model, target_layer="layer4")

    def heatmap(image: np.ndarray) -> np.ndarray:
        scores = model(_torch_input(image))
        return extractor(int(scores.argmax()), scores)[0].detach().numpy()[0]

    return heatmap


PEERS: dict[str, Callable[[], Heatmap]] = {
    "the classic notebook's loop": notebook,
    "tf-keras-vis": tf_keras_vis,
    "xplique": xplique,
    "pytorch-grad-cam": pytorch_grad_cam,
    "torch-cam": torch_cam,
}
OURS = {"streamcam, f32": "f32", "streamcam, default precision": "auto"}


def median_ms(function: Callable[[], object]) -> float:
    for _ in range(WARM_UP):
        function()
    times = []
    for _ in range(HEATMAPS):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times))


def annotate_in_the_classic_way(heatmap: Heatmap, source: Path, target: Path) -> float:
    """Frames a second of the notebook's loop: read, explain, blend in NumPy, write with OpenCV."""
    capture = cv2.VideoCapture(str(source))
    size = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter_fourcc(*"mp4v"), 30, size)
    began = time.perf_counter()
    for _ in range(PEER_FRAMES):
        _, frame = capture.read()
        rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
        heat = np.nan_to_num(heatmap(cv2.resize(rgb, (224, 224))))
        heat = cv2.resize(np.float32(heat / (heat.max() + 1e-12)), size)
        jet = cv2.applyColorMap(np.uint8(255 * np.clip(heat, 0, 1)), cv2.COLORMAP_JET)
        writer.write(np.uint8(np.clip(0.4 * jet.astype(np.float64) + 0.6 * frame.astype(np.float64), 0, 255)))
    seconds = time.perf_counter() - began
    writer.release()
    return PEER_FRAMES / seconds


def measure_peer(name: str, clip: Path) -> dict[str, float]:
    heatmap = PEERS[name]()
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    milliseconds = median_ms(lambda: heatmap(image))
    return {"ms": milliseconds, "fps": annotate_in_the_classic_way(heatmap, clip, clip.with_name(f"{name}.mp4"))}


def measure_ours(name: str, clip: Path) -> dict[str, float]:
    from streamcam import GradCAM, Outputs, annotate_file, load_model

    classifier = load_model("resnet50", weights="none")
    explain = GradCAM(classifier, fit="stretch", precision=OURS[name])
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    milliseconds = median_ms(lambda: explain(image))
    # As the peers do it, the whole frame squeezed to 224x224.
    streamed = GradCAM(classifier, fit="stretch", precision=OURS[name], in_flight=2)
    streamed(image)
    process = psutil.Process()
    before, began = process.cpu_times(), time.perf_counter()
    result = annotate_file(clip, Outputs(clip.with_name(f"{name}.mp4")), streamed)
    seconds, after = time.perf_counter() - began, process.cpu_times()
    busy = (after.user + after.system - before.user - before.system) / seconds / (os.cpu_count() or 1)
    return {"ms": milliseconds, "fps": result.frames / seconds, "busy": busy, "precision": explain.precision}


def measure_in_a_process(name: str, clip: Path) -> dict[str, float] | str:
    done = subprocess.run(
        [sys.executable, __file__, "--one", name, "--clip", str(clip)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
    )
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    return (done.stderr.strip().splitlines() or ["no reason given"])[-1][:160]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", help="measure this one only, in this process")
    parser.add_argument("--clip", type=Path)
    parser.add_argument(
        "--small", action="store_true", help="few frames, no peers but the notebook: to see that it runs"
    )
    options = parser.parse_args()
    if options.one:
        measure = measure_ours if options.one in OURS else measure_peer
        print(json.dumps(measure(options.one, options.clip)))
        return

    from streamcam.diagnose.bench import machine, make_clip

    with tempfile.TemporaryDirectory() as folder:
        os.environ["STREAMCAM_CACHE"] = str(Path(folder) / "cache")
        clip = Path(folder) / "clip.mp4"
        make_clip(clip, 1280, 720, PEER_FRAMES if options.small else OUR_FRAMES)
        names = ["the classic notebook's loop", *list(OURS)[:1]] if options.small else [*PEERS, *OURS]
        results = {name: measure_in_a_process(name, clip) for name in names}
    base = results["the classic notebook's loop"]
    here = machine()
    print(f"{here['processor']}, {here['cores']} cores ({', '.join(here['able'])}), Python {here['python']}\n")
    print("| | one heatmap | | 720p clip | |")
    print("| --- | --- | --- | --- | --- |")
    for name, found in results.items():
        if isinstance(found, str):
            print(f"| {name} | missing: {found} | | | |")
            continue
        label = f"{name} ({found['precision']})" if found.get("precision") else name
        speed = f"{base['ms'] / found['ms']:.1f}×", f"{found['fps'] / base['fps']:.1f}×"
        busy = f", cores {found['busy']:.0%} busy" if "busy" in found else ""
        print(f"| {label} | {found['ms']:.1f} ms | {speed[0]} | {found['fps']:.1f} fps{busy} | {speed[1]} |")


if __name__ == "__main__":
    main()
