"""Many files: what is to be done, who does it, and what is done already.

``settings`` is what all files have in common, ``workshop`` does one task, ``crew`` and ``ray_crew`` let processes here or
actors on a cluster do many, ``manifest`` remembers what is finished, ``driver`` brings these together, ``split`` cuts
long files into parts and joins them again, ``index`` is the page about all of them.
"""
