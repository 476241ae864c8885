"""Everything that streamcam raises on purpose.

    StreamcamError
    ├── ModelError           (ValueError)    a model that cannot be found, read or explained
    │   ├── LayerError                       a target layer that has no spatial map
    │   │   └── UnknownLayerError (OptionError)  one that does not exist
    │   └── UnsafeModelError                 a model file that wants to run code
    ├── TargetError          (ValueError)    a class that the model does not know
    ├── OptionError          (ValueError)    a setting outside its range
    ├── SourceError          (OSError)       an input that is missing, not media, or broken
    ├── SinkError            (OSError)       an output that cannot be written
    │   ├── OutputExistsError (FileExistsError)
    │   │   └── OtherSettingsError           one that was made with other settings
    │   └── EncodingError (OptionError)      a codec, a quality or a speed that cannot be had
    └── MissingLibraryError  (ImportError)   something the machine lacks
        └── MissingDecoderError              what one file needs to be read

Each message is one line of plain text that names the thing, the cause and the remedy.
"""


class StreamcamError(Exception):
    """Base of all errors that streamcam raises on purpose.

    Example::

        try:
            streamcam.explain("gone.jpg")
        except streamcam.StreamcamError as error:
            print(error)  # gone.jpg: no such file
    """


class StreamcamWarning(UserWarning):
    """Something was done differently than asked, and the message says what and why."""


class ModelError(StreamcamError, ValueError):
    """A model that cannot be found, read or explained."""


class LayerError(ModelError):
    """A target layer that has no spatial map, or that the score does not depend on."""


class UnsafeModelError(ModelError):
    """A model file that would run code of its own when loaded."""


class TargetError(StreamcamError, ValueError):
    """A class that the model does not know."""


class OptionError(StreamcamError, ValueError):
    """A setting outside its range."""


class UnknownLayerError(LayerError, OptionError):
    """A target layer that the model does not have."""


class SourceError(StreamcamError, OSError):
    """An input that is missing, not media, or broken."""


class TooShortError(SourceError):
    """A video that is shorter than the clips that a video classifier looks at. Whoever knows its name adds it."""


class SinkError(StreamcamError, OSError):
    """An output that cannot be written."""


class EncodingError(SinkError, OptionError):
    """A codec, a quality or a speed that cannot be had here, or not in this kind of file."""


class OutputExistsError(SinkError, FileExistsError):
    """An output that exists and may not be overwritten."""


class OtherSettingsError(OutputExistsError):
    """An output that was made with other settings, and may not be replaced."""


class MissingLibraryError(StreamcamError, ImportError):
    """Something that this machine lacks."""


class MissingDecoderError(MissingLibraryError):
    """A library that one input needs, and others do without."""


# What a person has asked for that cannot be, whatever the files are.
WRONG_USAGE = (OptionError, TargetError)


def plain(error: BaseException) -> str:
    """An error that nobody foresaw, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
