"""Kinds of video files: their sound."""

from __future__ import annotations

from typing import Any

from containers import AAC, H264, MJPEG, MPEG2, MPEG4, PCM, VP8, VP9, video
from kind import Kind


def _with(
    name: str, what: str, *tracks: tuple[str, ...], codec: tuple[str, ...] = H264, special: str = "", **clip: Any
) -> Kind:
    names = {"libx264": "H.264", "libvpx": "VP8", "libvpx-vp9": "VP9", "mpeg2video": "MPEG-2", "mpeg4": "MPEG-4"}
    names |= {"mjpeg": "Motion JPEG", "libtheora": "Theora", "wmv2": "WMV 8", "flv": "Sorenson H.263", "h263": "H.263"}
    names |= {"mpeg1video": "MPEG-1", "dvvideo": "DV"}
    format = clip.pop("format", "yuv420p")
    return video(
        name, names[codec[1]], codec, format, group="Sound", sound=what, special=special, clip={"audio": tracks, **clip}
    )


def _tags(language: str, second: str) -> tuple[str, ...]:
    titles = ("-metadata:s:a:0", "title=As filmed", "-metadata:s:a:1", "title=Für Kinder")
    return ("-metadata:s:a:0", f"language={language}", "-metadata:s:a:1", f"language={second}", *titles)


SOUNDS = [
    _with("aac.mp4", "AAC", AAC),
    _with("aac.mov", "AAC", AAC),
    _with("aac.mkv", "AAC", AAC),
    _with("aac.ts", "AAC", AAC),
    _with("aac.flv", "AAC", AAC),
    _with("aac.3gp", "AAC", AAC),
    _with("mp3.mp4", "MP3", ("-c", "libmp3lame")),
    _with("mp3.avi", "MP3", ("-c", "libmp3lame"), codec=MPEG4),
    _with("mp3.mkv", "MP3", ("-c", "libmp3lame")),
    _with("mp3.flv", "MP3", ("-c", "libmp3lame", "-ar", "44100"), codec=("-c:v", "flv", "-q:v", "2")),
    _with("mp2.mpg", "MP2", ("-c", "mp2"), codec=("-c:v", "mpeg1video", "-q:v", "2")),
    _with("ac3.vob", "AC-3", ("-c", "ac3"), codec=MPEG2, options=("-f", "vob")),
    _with("ac3.ts", "AC-3", ("-c", "ac3")),
    _with("ac3.mkv", "AC-3", ("-c", "ac3")),
    _with("eac3.mp4", "E-AC-3", ("-c", "eac3")),
    _with("pcm.avi", "PCM, 16 bit, stereo", PCM, codec=MJPEG, format="yuvj420p", full=True),
    _with("pcm_mono.avi", "PCM, 16 bit, mono", (*PCM, "-mono"), codec=MJPEG, format="yuvj420p", full=True),
    _with("pcm8.avi", "PCM, 8 bit, mono", ("-c", "pcm_u8", "-mono"), codec=MJPEG, format="yuvj420p", full=True),
    _with("pcm.mov", "PCM, 16 bit, stereo", PCM),
    _with("pcm_be.mov", "PCM, 16 bit, big endian", ("-c", "pcm_s16be")),
    _with("pcm24.mov", "PCM, 24 bit", ("-c", "pcm_s24le")),
    _with("pcm_float.mov", "PCM, 32 bit float", ("-c", "pcm_f32le")),
    _with("pcm.mkv", "PCM, 16 bit, stereo", PCM),
    _with("pcm24.mkv", "PCM, 24 bit", ("-c", "pcm_s24le")),
    _with("pcm_float.mkv", "PCM, 32 bit float", ("-c", "pcm_f32le")),
    _with("mulaw.mov", "mu-law, mono", ("-c", "pcm_mulaw", "-ar", "8000", "-mono")),
    _with("mulaw.avi", "mu-law", ("-c", "pcm_mulaw", "-ar", "8000"), codec=MJPEG, format="yuvj420p", full=True),
    _with("adpcm.avi", "ADPCM", ("-c", "adpcm_ima_wav"), codec=MPEG4),
    _with("pcm.m2ts", "PCM, 16 bit, Blu-ray", ("-c", "pcm_bluray")),
    _with("dvd_pcm.vob", "PCM, 16 bit, DVD", ("-c", "pcm_dvd"), codec=MPEG2, options=("-f", "vob")),
    _with("flac.mkv", "FLAC", ("-c", "flac")),
    _with("flac.mp4", "FLAC", ("-c", "flac", "-strict", "-2")),
    _with("alac.mov", "ALAC", ("-c", "alac")),
    _with("opus.webm", "Opus", ("-c", "libopus"), codec=VP9),
    _with("opus.mkv", "Opus", ("-c", "libopus")),
    _with("opus.mp4", "Opus", ("-c", "libopus")),
    _with("vorbis.webm", "Vorbis", ("-c", "libvorbis"), codec=VP8),
    _with("vorbis.ogv", "Vorbis", ("-c", "libvorbis"), codec=("-c:v", "libtheora", "-q:v", "10")),
    _with("vorbis.mkv", "Vorbis", ("-c", "libvorbis")),
    _with("wma.wmv", "WMA 2", ("-c", "wmav2"), codec=("-c:v", "wmv2", "-q:v", "2")),
    _with("speex.flv", "Speex, mono", ("-c", "libspeex", "-ar", "16000", "-mono"), codec=("-c:v", "flv", "-q:v", "2")),
    _with("dts.mkv", "DTS", ("-c", "dca", "-strict", "-2")),
    _with("wavpack.mkv", "WavPack", ("-c", "wavpack")),
    _with("surround.mp4", "AAC 5.1", (*AAC, "5.1")),
    _with("surround.mkv", "AC-3 5.1", ("-c", "ac3", "5.1")),
    _with("surround_pcm.mov", "PCM 5.1", (*PCM, "5.1")),
    _with(
        "two_tracks.mp4",
        "two AAC tracks",
        AAC,
        AAC,
        special="languages, the second is the default",
        options=(*_tags("eng", "fra"), "-disposition:a:0", "0", "-disposition:a:1", "default"),
    ),
    _with(
        "two_tracks.mkv",
        "AAC and Opus",
        AAC,
        ("-c", "libopus"),
        special="languages, titles, the second is the default",
        options=(*_tags("ger", "jpn"), "-disposition:a:0", "0", "-disposition:a:1", "default"),
    ),
    _with("two_tracks.ts", "AAC and AC-3", AAC, ("-c", "ac3"), special="languages", options=_tags("eng", "spa")),
    _with("two_tracks.mov", "PCM and AAC", PCM, AAC, special="languages", options=_tags("eng", "ita")),
    _with("sound_late.mp4", "AAC", AAC, special="0.4 s after the picture", sound_start=0.4),
    _with("sound_late.mkv", "PCM", PCM, special="0.4 s after the picture", sound_start=0.4),
    _with("sound_late.mov", "PCM", PCM, special="0.4 s after the picture", sound_start=0.4),
    _with("sound_late.ts", "AAC", AAC, special="0.4 s after the picture", sound_start=0.4),
    _with("sound_longer.mp4", "AAC", AAC, special="1.5 s longer than the picture", seconds=2.0),
    _with("sound_longer.avi", "PCM", PCM, codec=MPEG4, special="1.5 s longer than the picture", seconds=2.0),
    _with("sound_shorter.mp4", "AAC", AAC, special="ends before the picture", seconds=0.2),
    _with("sound_shorter.mkv", "Opus", ("-c", "libopus"), special="ends before the picture", seconds=0.2),
]
