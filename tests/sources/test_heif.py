"""HEIC and HEIF photographs, as phones make them."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from makers.needs import need_module
from makers.pictures import UPRIGHT, bgr, encoded, lying, over_white, scene, wrote
from PIL import Image

from streamcam import ImageSource, VideoSource, open_source
from streamcam.errors import MissingLibraryError, SourceError, StreamcamWarning

need_module("pillow_heif", "pillow-heif makes the files")

FINE = {"quality": 95, "chroma": 444}


def close(image, expected):
    assert image.shape == (*expected.shape[:2], 3)
    assert np.abs(image.astype(int) - bgr(expected)).mean((0, 1)).max() < 3


@pytest.mark.parametrize("name", ["a.heic", "a.heif", "a.jpg", "a.mp4"])
def test_a_grid_of_tiles_is_the_whole_photograph(name, tmp_path):
    photograph = scene(300, 210)
    path = wrote(tmp_path / name, encoded(photograph, "HEIF", tile_size=64, **FINE))
    assert b"grid" in path.read_bytes()
    with open_source(path) as source:
        assert isinstance(source, ImageSource)
        assert (source.info.width, source.info.height) == (300, 210)
        [frame] = source
    close(frame.image, photograph)


@pytest.mark.parametrize("tiles", [0, 64])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotation_and_mirroring_are_applied_once(orientation, tiles, tmp_path):
    """The file says it twice: by ``irot`` and ``imir``, which count, and by EXIF, which must not be applied again."""
    photograph = scene(200, 120)
    path = wrote(tmp_path / "a.heic", lying(photograph, "HEIF", orientation, tile_size=tiles, **FINE))
    assert (b"irot" in path.read_bytes() or b"imir" in path.read_bytes()) == (orientation > 1)
    [frame] = open_source(path)
    close(frame.image, UPRIGHT[orientation](photograph))


def test_gray_transparent_and_deep_photographs(tmp_path):
    import pillow_heif

    rgb = scene(128, 96)
    alpha = np.linspace(0, 255, 128 * 96).reshape(96, 128).astype(np.uint8)
    rgba = np.dstack([rgb, alpha])
    deep = pillow_heif.from_bytes("RGB;16", (128, 96), (rgb.astype(np.uint16) * 257).tobytes())
    deep.save(tmp_path / "deep.heic", **FINE)
    wrote(tmp_path / "gray.heic", encoded(rgb[..., 1], "HEIF", quality=95))
    wrote(tmp_path / "alpha.heic", encoded(rgba, "HEIF", **FINE))
    expected = {"deep": rgb, "gray": np.dstack([rgb[..., 1]] * 3), "alpha": over_white(rgba)}
    for name, picture in expected.items():
        [frame] = open_source(tmp_path / f"{name}.heic")
        close(frame.image, picture)


def test_of_several_photographs_the_main_one_is_read(tmp_path):
    pictures = [Image.fromarray(np.full((64, 96, 3), value, np.uint8)) for value in (20, 130, 240)]
    data = encoded(pictures[0], "HEIF", save_all=True, append_images=pictures[1:], primary_index=1, quality=95)
    path = wrote(tmp_path / "a.heic", data)
    with pytest.warns(StreamcamWarning, match=r"a.heic: holds 3 pictures"):
        [frame] = open_source(path)
    assert abs(int(frame.image.mean()) - 130) < 3
    [frame] = ImageSource(path, page=2)
    assert abs(int(frame.image.mean()) - 240) < 3


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_photograph_that_is_cut_off_is_one_line(share, tmp_path, capfd):
    data = encoded(scene(300, 210), "HEIF", tile_size=64, **FINE)
    with pytest.raises(SourceError, match=r"a\.heic: ") as caught:
        open_source(wrote(tmp_path / "a.heic", data[: int(len(data) * share)]))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("tiles", [0, 64])
def test_a_photograph_that_was_never_filled_to_its_end_is_refused(tiles, tmp_path):
    """As an interrupted copy leaves it: its size is right, its end is zeros, and libheif shows those tiles in green."""
    data = encoded(scene(300, 210), "HEIF", tile_size=tiles, **FINE)
    half = data.find(b"mdat") + 10 if not tiles else (len(data) + data.find(b"mdat")) // 2
    with pytest.raises(SourceError, match=r"a\.heic: .*(missing|cut off)"):
        open_source(wrote(tmp_path / "a.heic", data[:half] + bytes(len(data) - half)))


@pytest.mark.filterwarnings("ignore:.*holds .* pictures")
def test_no_damage_to_its_structure_takes_it_down(tmp_path, capfd):
    data = encoded(scene(300, 210), "HEIF", tile_size=64, **FINE)
    for seed in range(40):
        random = np.random.default_rng(seed)
        damaged = bytearray(data)
        for at in random.integers(12, data.find(b"mdat"), 4):
            damaged[at] ^= 1 << random.integers(8)
        said = ""
        try:
            open_source(wrote(tmp_path / "a.heic", bytes(damaged)))
        except SourceError as error:
            said = str(error)
        assert "\n" not in said
    assert capfd.readouterr() == ("", "")


def test_a_reader_of_videos_does_not_take_a_tile_for_the_whole(tmp_path):
    path = wrote(tmp_path / "a.heic", encoded(scene(300, 210), "HEIF", tile_size=64, **FINE))
    with pytest.raises(SourceError, match=r"a\.heic: is a photograph"):
        VideoSource(path)


def test_without_the_library_it_is_named_and_no_tile_is_read(tmp_path, monkeypatch):
    path = wrote(tmp_path / "a.heic", encoded(scene(300, 210), "HEIF", tile_size=64, **FINE))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingLibraryError, match=r"a\.heic: .*pillow-heif.*pip install 'streamcam\[heif\]'"):
        open_source(path)
