"""For notebooks: one picture, one video, one camera, each in a line, with results that show themselves."""
