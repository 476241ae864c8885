"""Heat that is steady over time, a name that stays, and what is inside a region of interest."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from makers import clips

from streamcam import Frame, GradCAM, Region, VideoSource
from streamcam.annotation.roi import Inspection, Masks, parse_roi, share_inside
from streamcam.errors import OptionError, SourceError
from streamcam.evaluate.steadiness import lag_after_cuts, steadiness
from streamcam.explain.precision import correlation
from streamcam.steady.heat import steadied, unsteadied
from streamcam.steady.motion import motion, small_gray
from streamcam.steady.naming import LEAD_FRAMES, Naming
from streamcam.types import Explanation

SIZE = 160, 120  # width, height of the pictures


def explained(maps, pictures=None, classes=None):
    """Frames with explanations: ``maps`` are ``(h, w)`` arrays."""
    for index, heat in enumerate(maps):
        image = pictures[index] if pictures is not None else texture(0)
        name = np.array([classes[index] if classes else 0], np.int32)
        one = np.array([0.6], np.float32)
        heat = np.asarray(heat, np.float32)[None]
        yield (
            Frame(image, index, index / 30),
            Explanation(heat, name, one, np.array([0.6, 0.4], np.float32), Region(0, 0, *SIZE), index, index / 30),
        )


def texture(seed, shift=0):
    """A picture of blobs, moved to the right by some pixels."""
    noise = np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0] + 200), np.uint8)
    smooth = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 5), None, 0, 255, cv2.NORM_MINMAX)
    return np.ascontiguousarray(cv2.cvtColor(smooth[:, 100 - shift : 100 - shift + SIZE[0]], cv2.COLOR_GRAY2BGR))


def heats(stage):
    return [heat[0] for _, _, heat in stage]


FLAT = np.full((6, 8), 1.0)
BOTH = pytest.mark.parametrize("ahead", [0, 8])


def test_weak_evidence_looks_weak_beside_strong():
    strong, weak = 4 * FLAT, 0.4 * FLAT
    shown = heats(steadied(explained([strong, *[weak] * 200])))
    assert shown[0].max() == 1
    assert shown[30].max() < 0.2
    assert shown[200].max() > 0.5  # what was strong is forgotten in time


@BOTH
def test_no_evidence_stays_dark_and_the_minimum_is_not_subtracted(ahead):
    assert all((heat == 0).all() for heat in heats(steadied(explained([0 * FLAT] * 5), ahead=ahead)))
    heat = np.full((6, 8), 2.0)
    heat[:, :4] = 4.0
    for shown in heats(steadied(explained([heat] * 5), ahead=ahead)):
        assert shown.max() == pytest.approx(1)
        assert shown.min() == pytest.approx(0.5)


@BOTH
def test_every_frame_comes_out_once_in_order_with_its_raw_explanation(ahead):
    maps = [np.random.default_rng(i).random((6, 8)) for i in range(20)]
    out = list(steadied(explained(maps), ahead=ahead))
    assert [frame.index for frame, _, _ in out] == list(range(20))
    for (_, explanation, _), heat in zip(out, maps, strict=True):
        np.testing.assert_allclose(explanation.heatmaps[0], heat, rtol=1e-6)


@BOTH
def test_noise_is_averaged_away(ahead):
    random = np.random.default_rng(0)
    maps = [np.clip(FLAT + random.normal(0, 0.3, FLAT.shape), 0, None) for _ in range(60)]
    raw, steady = (
        steadiness(stage).flicker for stage in (unsteadied(explained(maps)), steadied(explained(maps), ahead=ahead))
    )
    assert steady < 0.3 * raw


def test_looking_ahead_is_steadier_than_not():
    random = np.random.default_rng(0)
    maps = [np.clip(FLAT + random.normal(0, 0.3, FLAT.shape), 0, None) for _ in range(60)]
    live, file = (steadiness(steadied(explained(maps), ahead=ahead)).flicker for ahead in (0, 8))
    assert file < live


@BOTH
def test_heat_moves_with_the_picture(ahead):
    pictures = [texture(1, 2 * i) for i in range(30)]
    x = np.arange(8)
    maps = [np.exp(-((x - 2 - 2 * i * 8 / SIZE[0]) ** 2)) * np.ones((6, 1)) for i in range(30)]
    for index, (heat, own) in enumerate(
        zip(heats(steadied(explained(maps, pictures), ahead=ahead)), maps, strict=True)
    ):
        assert abs(float((heat * x).sum() / heat.sum() - (own * x).sum() / own.sum())) < 0.5, index


@BOTH
def test_a_cut_starts_afresh(ahead):
    pictures = [texture(1)] * 10 + [texture(2)] * 10
    left, right = np.zeros((6, 8)), np.zeros((6, 8))
    left[:, :3], right[:, 5:] = 1, 0.2
    shown = list(steadied(explained([left] * 10 + [right] * 10, pictures), ahead=ahead))
    for _, explanation, heat in shown:
        assert correlation(heat[0], explanation.heatmaps[0]) > 0.99
        assert heat.max() == pytest.approx(1)
    assert lag_after_cuts(shown) == [0]


@BOTH
def test_another_class_starts_afresh(ahead):
    maps = [100 * FLAT] * 5 + [FLAT] * 5
    shown = heats(steadied(explained(maps, classes=[0] * 5 + [1] * 5), ahead=ahead))
    assert shown[5].max() == pytest.approx(1)


def test_a_map_between_explanations_moves_along():
    pictures = [texture(1, 3 * i) for i in range(9)]
    x = np.arange(8)
    maps = [np.exp(-((x - 1 - 3 * i * 8 / SIZE[0]) ** 2)) * np.ones((6, 1)) for i in range(9)]
    frames = list(explained(maps, pictures))
    held = [(frame, frames[0][1]) for frame, _ in frames]  # explained once, as with --every 9
    for heat, own in zip(heats(steadied(held)), maps, strict=True):
        assert abs(float((heat * x).sum() / heat.sum() - (own * x).sum() / own.sum())) < 0.7
    # an explanation that comes late, as live, is brought to where its places are now
    late = [(frame, frames[max(0, i - 4)][1]) for i, (frame, _) in enumerate(frames)]
    heat = heats(steadied(late))[-1]
    assert abs(float((heat * x).sum() / heat.sum() - (maps[-1] * x).sum() / maps[-1].sum())) < 0.7


def test_heat_does_not_grow_while_no_map_comes():
    maps = [0.02 * FLAT + np.eye(6, 8)] * 300
    frames = list(explained(maps, [texture(1)] * 300))
    held = [(frame, frames[0][1]) for frame, _ in frames]  # as live, while something is being prepared
    shown = heats(steadied(held))
    np.testing.assert_allclose(shown[-1], shown[0], atol=1e-3)


def test_a_late_explanation_of_another_shot_is_not_shown():
    pictures = [texture(1)] * 4 + [texture(2)] * 4
    frames = list(explained([FLAT] * 8, pictures))
    late = [(frame, frames[max(0, i - 2)][1]) for i, (frame, _) in enumerate(frames)]
    assert [heat is None for _, _, heat in steadied(late)] == [False] * 4 + [True] * 2 + [False] * 2


def test_motion_is_found_and_a_cut_is_told_from_it():
    region = Region(0, 0, *SIZE)
    one, moved, other = (small_gray(p, region) for p in (texture(3), texture(3, 4), texture(4)))
    here = motion(moved, one)
    assert np.median(here.flow[..., 0]) == pytest.approx(-4 * one.shape[1] / SIZE[0], abs=0.5)
    assert not here.is_cut
    assert motion(other, one).is_cut
    assert not motion(one, one).is_cut


# --- the name


def test_a_name_stays_until_another_leads_by_much_or_for_a_while():
    naming = Naming()
    assert naming.targets == ("top1",)
    naming.update(np.array([0.5, 0.4], np.float32))
    assert naming.targets == (0,)
    for _ in range(LEAD_FRAMES - 1):
        naming.update(np.array([0.4, 0.5], np.float32))
    assert naming.held == 0
    naming.update(np.array([0.5, 0.4], np.float32))  # it led again: the count starts anew
    for _ in range(LEAD_FRAMES - 1):
        naming.update(np.array([0.4, 0.5], np.float32))
    assert naming.held == 0
    naming.update(np.array([0.4, 0.5], np.float32))
    assert naming.held == 1
    naming.update(np.array([0.9, 0.1], np.float32))
    assert naming.held == 0


@pytest.mark.parametrize("in_flight", [1, 3])
def test_what_is_named_is_what_is_explained_whatever_is_in_flight(in_flight, bundled, cat, coffee):
    explain = GradCAM(bundled, in_flight=in_flight, size=96)
    one, other = (cv2.resize(picture, (160, 120)) for picture in (cat, coffee))
    shares = np.random.default_rng(2).random(60)
    frames = [Frame(cv2.addWeighted(one, s, other, 1 - s, 0), i, i / 30) for i, s in enumerate(shares)]
    plain = [explain(frame) for frame in frames]
    naming, wanted = Naming(), []
    for explanation in plain:
        naming.update(explanation.probabilities)
        wanted.append(naming.held)
    out = list(explain.stream(frames, naming=Naming()))
    assert [int(e.classes[0]) for _, e in out] == wanted
    assert len(set(wanted)) > 1
    assert explain.trace_count == 1
    changes = sum(a != b for a, b in itertools.pairwise(wanted))
    assert changes < sum(a.classes[0] != b.classes[0] for a, b in itertools.pairwise(plain))


# --- regions of interest


def test_the_share_inside_counts_cells_on_the_border_in_part():
    heat = np.ones((2, 4), np.float32)
    mask = np.zeros((20, 40), np.uint8)
    mask[:, :15] = 255
    assert share_inside(heat, Region(0, 0, 40, 20), mask) == pytest.approx(1.5 / 4)
    assert share_inside(heat, Region(10, 0, 30, 20), mask) == pytest.approx(1 / 4)
    assert share_inside(0 * heat, Region(0, 0, 40, 20), mask) is None


def test_regions_are_boxes_polygons_and_masks(tmp_path):
    image = np.zeros((60, 80, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "mask.png"), np.full((30, 40), 255, np.uint8))
    box, polygon, mask = (parse_roi(text) for text in ("10,20,30,15", "0,0 79,0 79,59", str(tmp_path / "mask.png")))
    assert Masks([box]).of(image).nonzero()[0].min() == 20
    assert 0.4 < (Masks([polygon]).of(image) > 0).mean() < 0.6
    assert (Masks([mask]).of(image) == 255).all()
    both = Masks([box, parse_roi("60,0,10,10")]).of(image) > 0
    assert both[25, 20]
    assert both[5, 65]
    assert not both[55, 5]
    film = clips.write_clip(tmp_path / "mask.mp4", 3)
    masks = Masks([parse_roi(str(film))])
    assert all(masks.of(image).shape == (60, 80) for _ in range(5))  # the last one stays
    for wrong, error in (("1,2,3", OptionError), ("1,2,0,4", OptionError), ("nothing.png", SourceError)):
        with pytest.raises(error):
            parse_roi(wrong)


def test_a_box_follows_what_is_in_it():
    ground, thing = texture(7), texture(8)[:40, :40]

    def picture(x):
        image = ground.copy()
        image[30:70, x : x + 40] = thing
        return image

    masks = Masks([parse_roi("20,30,40,40")], track=True)
    for x in range(20, 81, 3):
        columns = masks.of(picture(x)).nonzero()[1]
    assert abs(columns.mean() - 99.5) < 12


def test_stretches_are_marked_where_too_little_is_inside():
    left, right = np.zeros((6, 8)), np.zeros((6, 8))
    left[:, :3], right[:, 5:] = 1, 1
    maps = [left] * 5 + [right] * 5 + [left] * 3 + [right] * 2
    inspection = Inspection(Masks([parse_roi(f"0,0,{SIZE[0] // 2},{SIZE[1]}")]), alert_below=0.5)
    out = list(inspection.measured(unsteadied(explained(maps))))
    assert [explanation.inside.alert for _, explanation, _ in out] == [False] * 5 + [True] * 5 + [False] * 3 + [
        True
    ] * 2
    assert [(s.begin * 30, s.end * 30) for s in inspection.stretches] == [
        (pytest.approx(5), pytest.approx(9)),
        (pytest.approx(13), pytest.approx(14)),
    ]
    with pytest.raises(OptionError):
        Inspection(Masks([]), alert_below=1.5)


def test_real_footage_is_steadier_and_says_the_same(sample, bundled):
    explain = GradCAM(bundled, in_flight=2)
    with VideoSource(sample) as source:
        raw = list(explain.stream(source))
    named = list(explain.stream((frame for frame, _ in raw), naming=Naming()))
    before = steadiness(unsteadied(raw)).flicker
    live, file = list(steadied(named)), list(steadied(named, ahead=8))
    assert steadiness(live).flicker <= 0.4 * before
    assert steadiness(file).flicker <= 0.3 * before
    for shown in (live, file):
        assert np.mean([correlation(heat[0], e.heatmaps[0]) for _, e, heat in shown]) >= 0.9
        assert max(lag_after_cuts(shown)) <= 1
