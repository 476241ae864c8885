"""Graphs that OpenVINO runs on a CPU. Only this package imports it."""
