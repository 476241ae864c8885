"""Many files: what is to be done, who does it, what is done already, and what came of it.

``annotate`` is the way in. ``jobs`` plans which file goes where; ``driver`` takes the jobs to their outcomes; ``workers`` and
``ray_workers`` do tasks in processes of this machine or on a cluster, by the rules of ``dispatch``, each with a ``runner``;
``manifest`` notes what is finished; ``split``, ``edges``, ``parts`` and ``join`` cut long videos and put the results
together again; ``storage`` brings inputs and outputs by URL; ``index`` writes the page about all files.
"""
