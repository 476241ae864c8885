"""TensorFlow's SavedModel folders and frozen graphs, read as data: nothing that is in them is run."""
