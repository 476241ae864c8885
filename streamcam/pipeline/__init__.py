"""The way of a frame: source, explain, steady, draw, sinks. ``run`` is the loop; the other modules overlap its stages."""
