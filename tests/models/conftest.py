"""Makes the scripts of packaging/models importable, as they import each other."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "packaging" / "models"))
