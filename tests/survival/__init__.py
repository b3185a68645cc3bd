"""What kills, power cuts, full disks and bit rot may do to a desk: nothing that is not told.

``story.py`` is what is interrupted, ``files.py`` stands between the program and its files, and
``power.py`` works out what a power cut could leave. ``python -m tests.survival.kills`` and
``python -m tests.survival.soak`` do at length what the tests do in a few seconds.
"""
