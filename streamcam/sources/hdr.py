"""Tone mapping: high dynamic range pictures (HLG, PQ) as a normal screen shows them, so that highlights keep their shape.

Formulas: the transfer functions of Rec. ITU-R BT.2100-2 (tables 4 and 5), the roll-off of what is brighter than 1000 nits of
Rep. ITU-R BT.2390-8 (section 5.4.1), the tone mapping of Rec. ITU-R BT.2446-1, method A (section 4), the primaries of Rec.
ITU-R BT.2087-0. They are computed once, for the points of a lattice; FFmpeg's ``lut3d`` takes every pixel from it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from streamcam.types import Float32Array

_TRANSFERS = {16: "pq", 18: "hlg"}  # AVCOL_TRC_SMPTE2084, AVCOL_TRC_ARIB_STD_B67
_BT2020 = 9  # AVCOL_PRI_BT2020
_HDR_PEAK = 1000.0  # nits, of the nominal screen of HLG, and of those that BT.2446-1 maps from
_PQ_PEAK = 10_000.0  # nits, where a file does not say how bright it is
_SDR_PEAK = 100.0  # nits, BT.2446-1
_LOWEST_PEAK, _HIGHEST_PEAK = 250.0, 10_000.0
_POINTS = 33  # of the lattice along each axis

_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128  # of PQ

_LUMA = np.array([0.2627, 0.6780, 0.0593])  # BT.2020
_TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
_LUMA_BT709 = np.array([0.2126, 0.7152, 0.0722])

_Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ToneMap:
    """What a stream's high dynamic range is made of.

    Attributes:
        transfer: ``"hlg"`` or ``"pq"``.
        peak: nits of its brightest pixel.
        wide: whether its primaries are those of BT.2020, else BT.709.
    """

    transfer: str
    peak: float
    wide: bool = True


def tone_map_of(transfer: int, primaries: int, *, max_light: int = 0, mastering: bytes = b"") -> ToneMap | None:
    """How to show a stream, or None where it is of normal range.

    Args:
        transfer: FFmpeg's number of the transfer function.
        primaries: FFmpeg's number of the primaries.
        max_light: brightest pixel of the stream in nits (MaxCLL), 0 where unknown.
        mastering: ``AVMasteringDisplayMetadata``, if there is any.
    """
    name = _TRANSFERS.get(transfer)
    if name is None:
        return None
    peak = _HDR_PEAK if name == "hlg" else float(max_light) or _mastering_peak(mastering) or _PQ_PEAK
    return ToneMap(name, min(max(peak, _LOWEST_PEAK), _HIGHEST_PEAK), primaries in (_BT2020, 2))


def _mastering_peak(data: bytes) -> float:
    """Nits of the screen on which a film was graded: ``max_luminance``, the tenth of ten fractions."""
    if len(data) < 88:
        return 0.0
    values = struct.unpack("=20i2i", data[:88])
    numerator, denominator, known = values[18], values[19], values[21]
    return numerator / denominator if known and denominator else 0.0


def to_light(signal: _Array, tone: ToneMap) -> _Array:
    """Non-linear R'G'B' 0…1, ``(..., 3)``, to light of a screen of at most 1000 nits, BT.2100."""
    if tone.transfer == "pq":
        brightest = signal.max(-1, keepdims=True)
        shown = from_pq(brightest)
        return from_pq(signal) * (from_pq(_rolled_off(brightest, tone.peak)) / np.maximum(shown, 1e-9))
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = (scene @ (_LUMA if tone.wide else _LUMA_BT709))[..., None]
    return np.asarray(tone.peak * np.maximum(luminance, 1e-9) ** 0.2 * scene)  # system gamma 1.2 at 1000 nits


def from_pq(signal: _Array) -> _Array:
    """PQ's signal 0…1 to nits, BT.2100 table 4."""
    powered = signal ** (1 / _M2)
    return np.asarray(10_000 * (np.maximum(powered - _C1, 0) / (_C2 - _C3 * powered)) ** (1 / _M1))


def to_pq(nits: float) -> float:
    """Nits to PQ's signal 0…1, BT.2100 table 4."""
    powered = (nits / 10_000) ** _M1
    return float(((_C1 + _C2 * powered) / (1 + _C3 * powered)) ** _M2)


def _rolled_off(signal: _Array, peak: float) -> _Array:
    """PQ's signal for content of this peak on a screen of 1000 nits, BT.2390-8 section 5.4.1: up to the knee it stays."""
    if peak <= _HDR_PEAK:
        return np.minimum(signal, to_pq(peak))
    top = to_pq(peak)
    e, largest = np.minimum(signal / top, 1), to_pq(_HDR_PEAK) / top
    knee = 1.5 * largest - 0.5
    t = np.maximum(e - knee, 0) / (1 - knee)
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * largest
    return np.where(e < knee, e, curve) * top


def to_sdr(light: _Array, tone: ToneMap) -> _Array:
    """Light in nits, ``(..., 3)``, to non-linear R'G'B' 0…1 of BT.709, BT.2446-1 method A."""
    luma = _LUMA if tone.wide else _LUMA_BT709
    peak = min(tone.peak, _HDR_PEAK)
    rgb = np.clip(light / peak, 0, 1) ** (1 / 2.4)
    y = (rgb @ luma)[..., None]
    rho = 1 + 32 * (peak / 10_000) ** (1 / 2.4)
    p = np.log(1 + (rho - 1) * y) / np.log(rho)
    curve = np.where(p <= 0.7399, 1.0770 * p, -1.1510 * p**2 + 2.7811 * p - 0.6302)
    curve = np.where(p >= 0.9909, 0.5000 * p + 0.5000, curve)
    sdr = 1 + 32 * (_SDR_PEAK / 10_000) ** (1 / 2.4)
    y_sdr = (sdr**curve - 1) / (sdr - 1)
    scale = y_sdr / np.maximum(1.1 * y, 1e-6)
    # Colour differences of BT.2020 (or BT.709), written without their divisors, which cancel out.
    red, blue = scale * (rgb[..., :1] - y), scale * (rgb[..., 2:] - y)
    y_out = y_sdr - np.maximum(0.1 * red / (2 * (1 - luma[0])), 0)
    r, b = y_out + red, y_out + blue
    g = (y_out - luma[0] * r - luma[2] * b) / luma[1]
    linear = np.clip(np.concatenate([r, g, b], -1), 0, None) ** 2.4
    if tone.wide:
        linear = linear @ _TO_BT709.T
    return np.asarray(_inside(linear) ** (1 / 2.4))


def _inside(linear: _Array) -> _Array:
    """Colours that BT.709 does not have, brought into it by mixing them with gray of the same brightness: the hue stays."""
    gray = np.clip(linear @ _LUMA_BT709, 0, 1)[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        above = np.where(linear > 1, (1 - gray) / (linear - gray), 1)
        below = np.where(linear < 0, gray / (gray - linear), 1)
    mix = np.clip(np.nanmin(np.minimum(above, below), -1, keepdims=True), 0, 1)
    return np.asarray(np.clip(gray + mix * (linear - gray), 0, 1))


@lru_cache(maxsize=4)
def lattice(tone: ToneMap) -> Float32Array:
    """``(33, 33, 33, 3)`` float32: R'G'B' of BT.709 for each R'G'B' of the stream, red first."""
    axis = np.linspace(0, 1, _POINTS)
    signal = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
    return to_sdr(to_light(signal, tone), tone).astype(np.float32)


def write_cube(path: Path, tone: ToneMap) -> None:
    """Write the lattice as a ``.cube`` file, in which red changes fastest."""
    rows = lattice(tone).transpose(2, 1, 0, 3).reshape(-1, 3)
    lines = "\n".join(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in rows.tolist())
    path.write_text(f"LUT_3D_SIZE {_POINTS}\n{lines}\n", encoding="ascii")
