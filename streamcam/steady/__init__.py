"""Heat and class names that stay steady over time."""
