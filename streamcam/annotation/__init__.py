"""One file in, one annotated file out: its outputs, its report, and how much of the evidence lies where it ought to."""
