"""How each kind of live source is read: a generator of ``Shot`` and ``Waits`` for each, in the reading process."""
