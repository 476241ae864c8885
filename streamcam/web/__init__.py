"""The live page in the browser, and everything that it needs to run for months at an exhibit.

``serve`` is the function that does all of it. What the page shows: ``origin`` opens the source, ``session`` runs the
live sessions, ``page`` is their sink and encodes each frame, ``broadcast`` hands it to all connections. Who is
connected: ``viewer`` is one connection, ``messages`` what goes over it, ``audience`` how many there may be, ``feed`` a
visitor's own camera. What people change: ``state``, and ``defaults``, to which it goes back. ``live_page`` holds all
that together. Around it: ``server`` listens, ``app`` answers at each address, ``addresses`` says where that is,
``access`` checks keys, ``languages`` reads the texts, ``metrics`` counts, ``systemd`` keeps it running. The pages
themselves are in ``static``.
"""
