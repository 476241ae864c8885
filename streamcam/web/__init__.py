"""The live page in the browser, and everything that it needs to run for months at an exhibit.

``serve`` is the function that does all of it, with its options in ``settings``. Below it: ``session`` runs the live
sessions; ``page`` is their sink and encodes each frame; ``broadcast`` hands it to the connections; ``viewer`` is one
connection, ``messages`` what goes over it, ``audience`` how many there may be, ``feed`` a visitor's own camera.
``state`` is what people change while it runs, ``defaults`` what it goes back to. ``live_page`` holds all that together;
``app`` has the addresses, ``access`` the keys, ``server`` listens, ``metrics`` counts, ``languages`` reads the texts and
``systemd`` keeps it running. The pages themselves are in ``static``.
"""
