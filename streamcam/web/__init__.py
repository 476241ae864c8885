"""The live page: one more sink, and hands to steer the session.

``page`` encodes what is shown, ``hub`` brings it from the session's thread to the viewers, ``messages`` is the language
that page and program speak, ``viewer`` one conversation in it, ``staging`` what people may change and what it is reset
to, ``guard`` who may do what, ``app`` the addresses, ``server`` the program that listens, ``metrics`` what can be
watched, ``systemd`` what keeps it running.
"""
