"""Live sessions: a camera or a stream explained as it happens, in a window, recorded, changed by people on the way."""
