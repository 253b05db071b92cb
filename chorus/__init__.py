"""CHORUS: from a word to the 3D distribution of that object around a person.

`chorus.load("results/voxels/surfboard.h5")` opens the result of a run (docs/distribution.md).
"""

import importlib
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Only on demand: the command line starts in a tenth of the time that the compiled kernels take to import.
    if name == "load":
        return importlib.import_module("chorus.distribution.loading").load
    raise AttributeError(f"module 'chorus' has no attribute {name!r}")
