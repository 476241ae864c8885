"""One file by its URL, brought to this machine for as long as it is needed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from streamcam.errors import MissingLibraryError, SourceError, plain
from streamcam.sources.live.kinds.http_client import HttpClient
from streamcam.system.addresses import redacted

_TIMEOUT = 30.0  # seconds of silence
_MOST_BYTES = 1 << 30


@contextmanager
def fetched(url: str) -> Iterator[Path]:
    """A copy of the file at a URL, which is removed afterwards: by http and https, by others through fsspec. A ``file:`` URL
    names the file itself.

    Errors of those who read the copy name the URL, without what is secret in it.

    Raises:
        SourceError: there is no such file, or it cannot be fetched.
        MissingLibraryError: its kind of URL needs a library that is not installed.
    """
    if urlsplit(url).scheme.lower() == "file":
        yield Path(url2pathname(urlsplit(url).path))
        return
    shown = redacted(url)
    with tempfile.TemporaryDirectory(prefix="streamcam-") as folder:
        copy = Path(folder) / (Path(urlsplit(url).path).name or "file")
        try:
            if urlsplit(url).scheme.lower() in ("http", "https"):
                with HttpClient(url, timeout=_TIMEOUT, most_bytes=_MOST_BYTES, verified=True) as client:
                    copy.write_bytes(client.get())
            else:
                _copy_by_fsspec(url, copy)
        except (SourceError, MissingLibraryError) as error:
            raise type(error)(f"{shown}: {error}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise SourceError(f"{shown}: cannot be fetched ({getattr(error, 'strerror', None) or error})") from error
        try:
            yield copy
        except (SourceError, MissingLibraryError) as error:
            raise type(error)(str(error).replace(str(copy), shown)) from error


def _copy_by_fsspec(url: str, copy: Path) -> None:
    try:
        import fsspec
    except ImportError as error:
        raise MissingLibraryError("needs fsspec, which is not installed; pip install 'streamcam[storage]'") from error
    try:
        system, place = fsspec.core.url_to_fs(url)
        system.get_file(place, str(copy))
    except ImportError as error:
        raise MissingLibraryError(f"needs another library ({' '.join(str(error).split())})") from error
    except FileNotFoundError as error:
        raise SourceError("is not there") from error
    except Exception as error:  # every storage has errors of its own
        raise SourceError(f"cannot be fetched ({plain(error)})") from error
