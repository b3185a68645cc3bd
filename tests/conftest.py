"""What every test stands on: no display, and Hypothesis within bounds."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["CONVERGE_KEYRING"] = "none"  # whoever runs the tests may have one; it is theirs

from hypothesis import HealthCheck, settings

# On a shared machine a slow example says nothing about the code, so only wrong answers count.
settings.register_profile(
    "desk",
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
# The same examples at each run: a red build says that the code changed, not that luck did.
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
