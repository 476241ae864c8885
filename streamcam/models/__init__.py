"""What a classifier is: how its pixels are prepared, how its classes are called, which are known by name."""
