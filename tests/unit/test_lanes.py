"""Sixteen float32 at once do what sixteen float32 do."""

import numpy as np
import pytest
from numba import njit

from chorus.occupancy import lanes

N = lanes.LANES
X = np.random.default_rng(0).normal(size=N).astype(np.float32)
Y = np.random.default_rng(1).normal(size=N).astype(np.float32)
BITS = np.uint64(1) << np.arange(N, dtype=np.uint64)


@njit
def arithmetic(x, y, s, out):
    a, b = lanes.load(x, 0), lanes.load(y, 0)
    lanes.store(out, 0, lanes.add(a, b))
    lanes.store(out, 16, lanes.distance(a, b))
    lanes.store(out, 32, lanes.ratio(a, b))
    lanes.store(out, 48, lanes.fma(a, lanes.splat(s), b))


@njit
def compared(x, y):
    return lanes.less(lanes.load(x, 0), lanes.load(y, 0)), lanes.at_least(lanes.load(x, 0), lanes.load(y, 0))


@njit
def cells(row, column, width, out):
    lanes.store_cells(out, 0, lanes.load(row, 0), lanes.load(column, 0), width)


@njit
def counted(sums, bits, value):
    lanes.add_where(sums, 3, bits, value)


@njit
def lowest(bits):
    return lanes.lowest(bits)


def test_arithmetic_is_that_of_float32():
    out, s = np.zeros(4 * N, np.float32), np.float32(1.7)
    arithmetic(X, Y, s, out)
    assert np.array_equal(out[:N], X + Y)
    assert np.array_equal(out[N : 2 * N], np.abs(X - Y))
    assert np.array_equal(out[2 * N : 3 * N], X / Y)
    once = X.astype(float) * float(s) + Y  # exact in float64 up to far below a float32 step, so rounded once
    assert np.array_equal(out[3 * N :], once.astype(np.float32))


def test_comparisons_are_bits_and_nan_is_neither():
    x = X.copy()
    x[5], x[7] = Y[5], np.nan
    less, at_least = compared(x, Y)
    assert less == BITS[x < Y].sum()
    assert at_least == BITS[x >= Y].sum()
    assert not (less | at_least) & BITS[7]


def test_cells_are_truncated():
    row, column = np.arange(N, dtype=np.float32) + 0.75, np.float32(0.25) + np.arange(N, dtype=np.float32)[::-1]
    out = np.zeros(N, np.int32)
    cells(row, np.ascontiguousarray(column), np.int32(32), out)
    assert out.tolist() == [32 * i + N - 1 - i for i in range(N)]


def test_sums_change_where_a_bit_is_set():
    sums = np.full(N + 5, 7, np.uint32)
    counted(sums, np.uint64(0b1000000000000101 | 1 << 20), np.uint32(250))
    assert np.flatnonzero(sums != 7).tolist() == [3, 5, 18]
    assert sums[3] == 257


@pytest.mark.parametrize("bit", [0, 1, 31, 32, 63])
def test_lowest_bit(bit):
    assert lowest(np.uint64(1) << np.uint64(bit) | np.uint64(1) << np.uint64(63)) == bit
