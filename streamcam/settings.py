"""What people can set, one frozen dataclass for each part: names, types, defaults. They can be kept and sent as JSON.

The command line makes its options of these fields; Python code gives them by keyword.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from streamcam.choices import (
    AudioChoice,
    BlendMode,
    EngineName,
    FitChoice,
    Layout,
    Method,
    PrecisionChoice,
    PreprocessName,
    Scale,
    Score,
    ViewersChoice,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """Which classifier; see ``load_model``.

    Attributes:
        model: a name that ``streamcam models`` lists, or the path of a model file.
        weights: for a model by name: ``imagenet``, ``none`` (random), or the path of a weights file.
        labels: path of a file of class names, or None.
        preprocess: how pixels become input, None to find out from the model.
        model_output: name or number of the output that holds the classes, where a model has several; None for the only one
            that can.
        trust: let a model file run code of its own.
        imports: installed modules that hold a model file's own layers; they are imported before it is read.

    Example::

        streamcam.serve(0, model=streamcam.ModelSettings(model="mine.keras", labels="names.txt"))
    """

    model: str = "efficientnet-lite0"
    weights: str = "imagenet"
    labels: str | None = None
    preprocess: PreprocessName | None = None
    model_output: str | None = None
    trust: bool = False
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainSettings:
    """What is explained, and how; see ``GradCAM``.

    Attributes:
        layer: paths of the target layers; none for the last with a spatial map.
        method: the formula of the heatmap.
        score: which score is differentiated.
        targets: the classes to explain.
        fit: what the model sees of a frame; ``auto``: as its authors feed it, where that is known, else ``native``.
        size: short side of the model's input in pixels, None for the model's own.
        engine: what runs the function.
        precision: what it computes in.
        calibrate: path of pictures or a video to quantise on besides the usual pictures, or None.
        threads: threads to use on the CPU, 0 for one a core.
        cache: whether converted graphs are kept on disk.
        check: whether it is measured, three times a second, what covering the hottest places costs the class.
        clip_frames: of a video classifier that takes any length, how many frames it looks at at once; None for its own.
        clip_stride: of a video classifier, look at each Nth frame; None for each, or for what it was trained on.
        clip_fps: look at so many frames a second instead, whatever the source gives.
        clip_hop: how many of the frames that it looks at lie between the beginnings of two clips.

    Example::

        streamcam.watch(0, explain=streamcam.ExplainSettings(targets=("tabby",), method="layercam"))
    """

    layer: tuple[str, ...] = ()
    method: Method = "gradcam"
    score: Score = "logit"
    targets: tuple[str | int, ...] = ("top1",)
    fit: FitChoice = "auto"
    size: int | None = None
    engine: EngineName = "auto"
    precision: PrecisionChoice = "auto"
    calibrate: str | None = None
    threads: int = 0
    cache: bool = True
    check: bool = False
    clip_frames: int | None = None
    clip_stride: int | None = None
    clip_fps: float | None = None
    clip_hop: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSettings:
    """How an explanation is drawn on its frame; ``Overlay`` draws it.

    Attributes:
        alpha: the heatmap's opacity, 0…1.
        colormap: one of OpenCV's colour maps, in lower case.
        mode: how heat and picture are blended: ``uniform``, ``heat`` or ``add`` (see ``drawing.colours.blend``).
        top_k: how many of the most probable classes are listed.
        hud: whether anything is written on the picture at all.
        layout: ``overlay``; ``heatmap``, the heat alone with its scale; ``side by side``, small, the original and one
            overlay for each target; ``panels``, small, the original, and a heatmap and an overlay for each target; or
            ``original``.

    Example::

        streamcam.watch(0, picture=streamcam.PictureSettings(layout="side by side", colormap="turbo"))
    """

    alpha: float = 0.5
    colormap: str = "jet"
    mode: BlendMode = "uniform"
    top_k: int = 3
    hud: bool = True
    layout: Layout = "overlay"


PAGE_PICTURE = PictureSettings(alpha=0.7, mode="heat")  # of the live page: nothing is tinted where there is no evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatSettings:
    """How raw evidence becomes shown heat; ``make_steady`` makes it.

    Attributes:
        steady: whether heat and class are steady over time, rather than each frame's own.
        scale: what full heat is: ``absolute``, the evidence of a confident answer of this model; ``clip``, the largest
            evidence of the last moments, or, where ``steady`` is off, of the frame; ``frame``, the frame's own largest.
        sure: certainty, 0…1, from which on the model is said to be sure.
        no_idea: certainty, 0…1, under which it is said to have no idea; the absolute scale shows no heat then.
    """

    steady: bool = True
    scale: Scale = "absolute"
    sure: float = 0.7
    no_idea: float = 0.35


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video is compressed. What is None follows from the output's ending.

    Attributes:
        codec: an FFmpeg encoder or codec name that takes yuv420p; by itself VP9 for ``.webm``, H.264 for other videos.
        crf: constant quality where the encoder has it, lower is better; for H.264 0 to 51, 18 looks lossless, 22 is used
            by itself; for VP9 and AV1 0 to 63 and 32.
        preset: the encoder's trade of speed for size, ``ultrafast`` to ``veryslow``, or a number of its own; ``veryfast``
            by itself.
        audio: ``copy`` keeps the sound as it is and changes only what the container cannot hold; ``aac`` changes all of
            it (to Opus in ``.webm``, which holds no AAC); ``none`` leaves it out.
        max_width: pixels; wider pictures are made smaller. By itself 480 for ``.gif`` and animated ``.webp``.
        max_fps: pictures a second; more are left out. By itself 15 for ``.gif`` and animated ``.webp``.

    Example::

        streamcam.VideoSink("out.mp4", source.info, encoding=streamcam.Encoding(codec="hevc", crf=26))
    """

    codec: str | None = None
    crf: int | None = None
    preset: str | None = None
    audio: AudioChoice = "copy"
    max_width: int | None = None
    max_fps: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSettings:
    """How a live source is opened and watched; see ``LiveSource``.

    Attributes:
        width: to ask a camera for, in pixels.
        height: to ask a camera for, in pixels.
        fps: to ask a camera for, or to take of the screen, or of an address of single pictures.
        mirror: flip left and right, as people expect of their own picture.
        loop: start a file again at its end.
        stall_timeout: seconds of silence after which a source is opened again; three times as long as its pictures
            usually take, where that is longer.
        open_timeout: seconds that a source may take to give its first picture.
        give_up_after: seconds without a picture after which to stop; None for never.

    Example::

        streamcam.watch(0, capture=streamcam.CaptureSettings(width=1280, height=720, mirror=True))
    """

    width: int | None = None
    height: int | None = None
    fps: float | None = None
    mirror: bool = False
    loop: bool = False
    stall_timeout: float = 5.0
    open_timeout: float = 15.0
    give_up_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """The live page: who may see it, and how.

    Attributes:
        host: address to listen on; ``0.0.0.0`` for everybody on the network.
        port: to listen on; 0 for any free one.
        token: the staff's secret; None for a new one at each start.
        allow_host: further names that the page may be called by.
        proxy: addresses of proxies before the page: their word on who asks is taken, and no limit for one address holds.
        certfile: certificate for HTTPS, PEM, or None.
        keyfile: key of the certificate, where it is not in the same file.
        max_viewers: at once.
        per_address: connections of one address that have not said yet who they are, of which the oldest gives way; 0 for 50
            more than there may be viewers.
        fail_after: seconds without the camera's pictures until ``/health`` says ``failing`` rather than ``degraded``.
        bandwidth: megabytes a second for all viewers together; with many, each gets fewer pictures.
        quality: of the pictures, JPEG, 10…100.
        cameras: visitors' own cameras that are looked at at once; 0 for one a core of the processor.
        turn: seconds that each of them is looked at while others wait.
        viewers: ``open``: whoever can reach the page may look; ``key``: only who has a key, or sits at this machine.
        mjpeg: whether plain pictures are at ``/stream.mjpg``, too.
        language: a code: ``en``, ``fr``, ``de``, or one of ``languages``.
        languages: folder with further languages, or None.

    Example::

        streamcam.serve(0, page=streamcam.PageSettings(host="0.0.0.0", viewers="key"))
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    allow_host: tuple[str, ...] = ()
    proxy: tuple[str, ...] = ()
    certfile: Path | None = None
    keyfile: Path | None = None
    max_viewers: int = 100
    per_address: int = 0
    fail_after: float = 300.0
    bandwidth: float = 20.0
    quality: int = 80
    cameras: int = 0
    turn: float = 60.0
    viewers: ViewersChoice = "open"
    mjpeg: bool = True
    language: str = "en"
    languages: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExhibitSettings:
    """The live page without anybody near.

    Attributes:
        kiosk: attract people when nobody is there, wake on motion, forget what visitors changed, go on after errors.
        attract: videos for the time when nobody is there; none for photographs of the package.
        attract_after: seconds without motion.
        idle_reset: seconds without a touch after which the page is as staff set it.
        allow: labels or class indices that visitors may ask for; none for all.
        hours: opening hours, such as ``Mon-Fri 09:00-17:00, Sat 10-14``; None for always.
        settings: file that keeps what staff change, over restarts, or None.
        drift: whether what stands still on the page moves slowly, against burn-in.

    Example::

        streamcam.serve(0, exhibit=streamcam.ExhibitSettings(kiosk=True, hours="Tue-Sun 10:00-18:00"))
    """

    kiosk: bool = False
    attract: tuple[Path, ...] = ()
    attract_after: float = 60.0
    idle_reset: float = 45.0
    allow: tuple[str, ...] = ()
    hours: str | None = None
    settings: Path | None = None
    drift: bool = True
