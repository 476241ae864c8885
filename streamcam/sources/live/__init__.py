"""Live sources: cameras, network streams, files in real time, browsers' cameras, exhibits."""
