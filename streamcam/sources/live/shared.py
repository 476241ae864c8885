"""Memory that two processes share for pictures; nothing of it stays, however either of them ends."""

from __future__ import annotations

import math
import mmap
import os
import secrets
import sys
import tempfile
from collections.abc import Sequence

import numpy as np

from streamcam.types import UInt8Array

SLOTS = 4
SLOT_BYTES = 4096 * 2304 * 3  # only what is written to takes memory


class SharedPictures:
    """``SLOTS`` pictures of up to ``SLOT_BYTES`` each.

    On POSIX the memory is a file without a name, which the child inherits; on Windows it is a named piece of the page
    file. Both are gone with the last process that has them open.

    Args:
        memory: the mapping of all slots.
        handle: what the child needs to open it: a file descriptor or a name.
        descriptor: the file descriptor to be inherited, on POSIX.
    """

    def __init__(self, memory: mmap.mmap, handle: str, descriptor: int | None = None) -> None:
        self._memory = memory
        self.handle = handle
        self.descriptor = descriptor

    @classmethod
    def create(cls) -> SharedPictures:
        """Make the memory, in the parent."""
        size = SLOTS * SLOT_BYTES
        if sys.platform == "win32":
            name = f"streamcam-{secrets.token_hex(8)}"
            return cls(mmap.mmap(-1, size, tagname=name), name)
        if sys.platform.startswith("linux"):
            descriptor = os.memfd_create("streamcam")
        else:
            with tempfile.TemporaryFile() as file:
                descriptor = os.dup(file.fileno())
        os.ftruncate(descriptor, size)
        return cls(mmap.mmap(descriptor, size), str(descriptor), descriptor)

    @classmethod
    def attach(cls, handle: str) -> SharedPictures:
        """Open the memory, in the child."""
        size = SLOTS * SLOT_BYTES
        if sys.platform == "win32":
            return cls(mmap.mmap(-1, size, tagname=handle), handle)
        return cls(mmap.mmap(int(handle), size), handle)

    def _view(self, slot: int, shape: Sequence[int]) -> UInt8Array:
        array = np.frombuffer(self._memory, np.uint8, count=math.prod(shape), offset=slot * SLOT_BYTES)
        return array.reshape(shape)

    def put(self, slot: int, image: UInt8Array) -> None:
        """Copy an ``(H, W, 3)`` uint8 picture into a slot."""
        self._view(slot, image.shape)[:] = image

    def take(self, slot: int, shape: Sequence[int]) -> UInt8Array:
        """A copy of the picture in a slot."""
        return self._view(slot, shape).copy()

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
