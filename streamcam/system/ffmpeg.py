"""PyAV, imported after OpenCV: in the other order a later ``cv2.imshow`` hangs for ever (OpenCV issue 29195).

This is the only module that imports PyAV, so the order cannot be broken by accident.
"""

import cv2

assert cv2.__version__  # keeps an import sorter from joining the two imports

import av  # noqa: E402

__all__ = ["av"]
