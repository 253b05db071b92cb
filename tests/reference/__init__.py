"""The slow, obvious reference: what the original CHORUS code computes, one operation after the other.

Torch on the CPU in float32 (use one thread), no shortcut, no batching over images; nothing here imports `chorus`. It is
the yardstick of the oracle tests and the baseline of `tests/benchmarks`, so it is neither sped up nor slowed down.
Each function that turns points into pixels or voxels takes the two choices in which this project departs from the
original: `truncate` (toward zero) or `floor`, and whether points behind the camera count (docs/conventions.md).
"""
