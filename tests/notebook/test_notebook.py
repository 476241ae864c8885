"""The notebook of the samples, executed; and cells as JupyterLab shows them in a browser."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from makers.needs import need, need_module

SAMPLES = Path(__file__).parents[2] / "samples"
THREE_LINES = 'import streamcam\n\nstreamcam.explain("cat.jpg")'


@pytest.fixture(scope="module")
def maker():
    for name, why in (("nbclient", "executes cells"), ("ipykernel", "is what executes them"), ("matplotlib", "plots")):
        need_module(name, why)
    need_module("pandas", "is the table")
    spec = importlib.util.spec_from_file_location("make_notebook", SAMPLES / "make_notebook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path):
    for name in ("cat.jpg", "cat_and_coffee.mp4"):
        shutil.copy(SAMPLES / name, tmp_path)
    return tmp_path


def text_of(book) -> str:
    return "".join(output.get("text", "") for cell in book.cells for output in cell.get("outputs", ()))


def test_the_notebook_runs_and_says_what_it_says(maker, folder):
    book = maker.executed(maker.notebook(), folder)
    said = text_of(book)
    for score in ("probability", "logit"):
        assert float(re.search(rf"{score}: \(7, 7\), off by (\S+) of the maximum", said)[1]) < 1e-4
    assert "tabby" in said
    assert "- unsure" in said  # as its text goes on to say
    assert "proves nothing" in said
    assert (folder / "cat_and_coffee.cam.mp4").exists()


def test_what_is_kept_is_this_notebook_with_small_outputs(maker):
    path = SAMPLES / "notebook.ipynb"
    kept, made = json.loads(path.read_text(encoding="utf-8")), maker.notebook()
    assert ["".join(cell["source"]) for cell in kept["cells"]] == [cell.source for cell in made.cells]
    assert path.stat().st_size < 1_200_000
    for cell in kept["cells"]:
        if cell["cell_type"] == "code" and "skip-execution" not in cell["metadata"].get("tags", ()):
            assert cell["outputs"] or cell["source"][0].startswith(("def ", "import time"))
            assert not [output for output in cell["outputs"] if output["output_type"] == "error"]
    plain = re.sub(r'base64,[^"]+|"image/(png|jpeg)": "[^"]+"', "", path.read_text(encoding="utf-8"))
    assert not re.search(r"/(home|root|tmp|work|Users|usr)/|site-packages", plain)
    assert THREE_LINES in "".join(kept["cells"][1]["source"])


def executed(folder, *cells):
    """Outputs of cells, in a kernel of their own."""
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs for cell in book.cells]


def test_a_camera_in_a_cell(maker, folder):
    calls = """
import IPython.display as shown
shown_pictures = []
real = shown.DisplayHandle.update
shown.DisplayHandle.update = lambda self, what, **more: (shown_pictures.append(what.data), real(self, what, **more))
import streamcam
streamcam.preview("cat_and_coffee.mp4", seconds=4, width=320, fps=8)
print(len(shown_pictures), len(set(shown_pictures)))
"""
    [outputs] = executed(folder, calls)
    [picture] = [output for output in outputs if "image/jpeg" in output.get("data", {})]
    import base64

    image = cv2.imdecode(np.frombuffer(base64.b64decode(picture["data"]["image/jpeg"]), np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (180, 320, 3)
    said = "".join(output.get("text", "") for output in outputs if output.get("name") == "stdout")
    count, different = map(int, said.split())
    assert 10 <= count <= 34
    assert different > count / 2
    assert not list(folder.glob("*.part*"))


def test_a_preview_ends_when_the_kernel_is_interrupted(maker, folder):
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder))
    try:
        client.execute('import streamcam; streamcam.preview("cat_and_coffee.mp4"); print("goes on")')
        deadline, shown = time.monotonic() + 120, 0
        while shown < 3 and time.monotonic() < deadline:
            message = client.get_iopub_msg(timeout=60)
            shown += message["msg_type"] in ("display_data", "update_display_data")
        manager.interrupt_kernel()
        said = []
        while not said or said[-1] != "idle":
            message = client.get_iopub_msg(timeout=60)
            said += [message["content"]["execution_state"]] if message["msg_type"] == "status" else []
            said += [message["content"]["text"]] if message["msg_type"] == "stream" else []
            assert message["msg_type"] != "error", message["content"]
        assert "goes on\n" in said
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def lab(folder):
    """JupyterLab in a folder: its address."""
    need_module("jupyterlab", "shows cells")
    log = folder.parent / "lab.log"
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    settings = ["--ServerApp.token=", "--ServerApp.password=", "--ServerApp.disable_check_xsrf=True"]
    home = {"JUPYTER_CONFIG_DIR": str(folder.parent / "config"), "JUPYTER_RUNTIME_DIR": str(folder.parent / "runtime")}
    with log.open("w") as file:
        process = subprocess.Popen([*command, *settings], cwd=folder, stdout=file, stderr=file, env=os.environ | home)
    try:
        deadline = time.monotonic() + 90
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)/lab", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_jupyterlab_shows_what_cells_give(maker, folder, lab):
    import nbformat

    api = need_module("playwright.sync_api", "drives the browser")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    need(path, "Chromium shows the page")
    cells = [THREE_LINES, 'streamcam.annotate("cat_and_coffee.mp4", end=1)']
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells], metadata=kernel)
    nbformat.write(book, folder / "first.ipynb")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 1500})
        page.goto(f"{lab}/lab/tree/first.ipynb?reset")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90_000)
        page.wait_for_timeout(3000)  # until the kernel is named; a cell that is run before it waits for it
        page.click(".jp-CodeCell >> nth=0")
        for _ in cells:
            page.keyboard.press("Shift+Enter")
        page.wait_for_selector(".jp-OutputArea img[alt='why Egyptian cat?']", timeout=120_000)
        page.wait_for_selector(".jp-OutputArea video", timeout=120_000)
        page.wait_for_timeout(1000)
        assert page.eval_on_selector_all(".jp-OutputArea img", "all => all.every(one => one.naturalWidth > 100)")
        assert page.eval_on_selector(".jp-OutputArea video", "video => video.videoWidth") == 640
        assert "Egyptian cat" in page.inner_text(".jp-OutputArea >> nth=0")
        assert page.locator(".jp-OutputArea [role=listitem]").count() == 5
        page.screenshot(path=folder / "lab.png")
        if kept := os.environ.get("STREAMCAM_SCREENSHOTS"):
            shutil.copy(folder / "lab.png", kept)
        browser.close()
