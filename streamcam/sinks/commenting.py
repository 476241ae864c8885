"""Put a comment into an image or an animation that was encoded without one; its pictures stay as they are."""

from __future__ import annotations

import struct
import zlib

_XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="{}"/></rdf:RDF></x:xmpmeta>'
)
_WEBP_XMP, _WEBP_ALPHA = 0x04, 0x10  # flags of VP8X
_TIFF_SOFTWARE, _TIFF_ASCII = 305, 2


def with_comment(data: bytes, text: str) -> bytes:
    """The same file with a comment: JPEG, PNG, WebP, GIF and TIFF; any other as it is.

    Args:
        data: the file, complete.
        text: plain ASCII, at most 255 letters.
    """
    if data.startswith(b"\xff\xd8\xff\xe0"):  # behind the JFIF header, which must be the first
        return _inserted(data, 4 + struct.unpack(">H", data[4:6])[0], _jpeg_comment(text))
    if data.startswith(b"\xff\xd8\xff"):
        return _inserted(data, 2, _jpeg_comment(text))
    if data.startswith(b"\x89PNG"):  # behind IHDR, which must be the first
        return _inserted(data, 33, _png_text(text))
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _webp(data, text)
    if data.startswith(b"GIF8") and data.endswith(b";"):
        return _inserted(data, len(data) - 1, b"\x21\xfe" + bytes([len(text)]) + text.encode() + b"\0")
    if data.startswith((b"II*\0", b"MM\0*")):
        return _tiff(data, text)
    return data


def _inserted(data: bytes, at: int, more: bytes) -> bytes:
    return data[:at] + more + data[at:]


def _jpeg_comment(text: str) -> bytes:
    return struct.pack(">BBH", 0xFF, 0xFE, len(text) + 2) + text.encode()


def _png_text(text: str) -> bytes:
    chunk = b"tEXtSoftware\0" + text.encode()
    return struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))


def _webp(data: bytes, text: str) -> bytes:
    """A file in the simple format becomes one in the extended format, which has room for more than the picture."""
    kind, body = data[12:16], data[12:]
    if kind == b"VP8X":
        body = body[:8] + bytes([body[8] | _WEBP_XMP]) + body[9:]
    else:
        if kind == b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, _WEBP_ALPHA * (bits >> 28 & 1)
        else:
            width, height = (side & 0x3FFF for side in struct.unpack("<HH", data[26:30]))
            width, height, alpha = width - 1, height - 1, 0
        size = width.to_bytes(3, "little") + height.to_bytes(3, "little")
        body = b"VP8X" + struct.pack("<II", 10, _WEBP_XMP | alpha) + size + body
    xmp = _XMP.format(text).encode()
    body += b"XMP " + struct.pack("<I", len(xmp)) + xmp + b"\0" * (len(xmp) % 2)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _tiff(data: bytes, text: str) -> bytes:
    """The first directory is written again at the end, with one entry more."""
    order = "<" if data.startswith(b"II") else ">"
    [begin] = struct.unpack(order + "I", data[4:8])
    [count] = struct.unpack(order + "H", data[begin : begin + 2])
    end = begin + 2 + 12 * count
    entries = [data[at : at + 12] for at in range(begin + 2, end, 12)]
    data += b"\0" * (len(data) % 2)
    note = text.encode() + b"\0"
    note += b"\0" * (len(note) % 2)
    software = struct.pack(order + "HHII", _TIFF_SOFTWARE, _TIFF_ASCII, len(text) + 1, len(data))
    entries = [entry for entry in entries if entry[:2] != software[:2]] + [software]
    entries.sort(key=lambda entry: struct.unpack(order + "H", entry[:2]))
    directory = struct.pack(order + "H", len(entries)) + b"".join(entries) + data[end : end + 4]
    at = struct.pack(order + "I", len(data) + len(note))
    return data[:4] + at + data[8:] + note + directory
