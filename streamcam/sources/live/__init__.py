"""Sources that are watched as they happen: cameras, network streams, files in real time, browsers' cameras, exhibits."""
