"""How a name or a path becomes a classifier, and what runs it: Keras on TensorFlow, or OpenVINO."""
