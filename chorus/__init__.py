"""CHORUS: from a word to the 3D distribution of that object around a person."""

__version__ = "0.1.0"
