"""The machine and its libraries: versions, quiet imports, FFmpeg, the cache on disk, child processes."""
