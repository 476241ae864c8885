"""Classifiers of Keras, which run on TensorFlow. Only this package imports either of them."""
