"""Sixteen float32 in one machine vector, as a type that numba functions can use.

Numba's loops are vectorised one innermost loop at a time, so between two joints the sums of a block would lie in
memory: 12 loads and 12 stores a joint beside 27 operations. Sums in named vectors stay in registers; that made the
points of a block 1.67 times faster at 48^3, measured in one process. Fused multiply-adds are spelt out, so the bits
depend neither on the compiler's choice nor on where an image stands in its batch. Where the processor's vectors are
shorter, LLVM splits ours.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

LANES = 16
_WORD = ir.IntType(32)
_FLOATS = ir.VectorType(ir.FloatType(), LANES)
_WORDS = ir.VectorType(_WORD, LANES)


class LanesType(types.Type):
    """Numba's name for sixteen float32."""

    def __init__(self) -> None:
        super().__init__(name=f"Lanes({LANES})")


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, numba_type: LanesType) -> None:
        super().__init__(manager, numba_type, _FLOATS)


lanes_type = LanesType()


@intrinsic
def splat(context: Any, x: Any) -> Any:
    """The float32 `x` in every lane."""
    return lanes_type(types.float32), lambda _, builder, __, given: _repeated(builder, given[0], _FLOATS)


@intrinsic
def load(context: Any, array: Any, first: Any) -> Any:
    """Sixteen neighbours of a contiguous float32 array, from flat index `first` on; unchecked."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.load(_pointer(context, builder, signature.args[0], given, _FLOATS), align=4)

    return lanes_type(array, types.intp), generate


@intrinsic
def store(context: Any, array: Any, first: Any, x: Any) -> Any:
    """Write sixteen neighbours of a contiguous float32 array, from flat index `first` on; unchecked."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        builder.store(given[2], _pointer(context, builder, signature.args[0], given, _FLOATS), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes_type), generate


@intrinsic
def add(context: Any, x: Any, y: Any) -> Any:
    """x + y."""
    return lanes_type(lanes_type, lanes_type), lambda _, builder, __, given: builder.fadd(*given)


@intrinsic
def fma(context: Any, x: Any, y: Any, z: Any) -> Any:
    """x * y + z, rounded once."""
    kind = ir.FunctionType(_FLOATS, [_FLOATS] * 3)

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f32"), given)

    return lanes_type(*(lanes_type,) * 3), generate


@intrinsic
def distance(context: Any, x: Any, y: Any) -> Any:
    """|x - y|."""
    kind = ir.FunctionType(_FLOATS, [_FLOATS])

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fabs.v{LANES}f32")
        return builder.call(function, [builder.fsub(*given)])

    return lanes_type(lanes_type, lanes_type), generate


@intrinsic
def ratio(context: Any, x: Any, y: Any) -> Any:
    """x / y."""
    return lanes_type(lanes_type, lanes_type), lambda _, builder, __, given: builder.fdiv(*given)


@intrinsic
def less(context: Any, x: Any, y: Any) -> Any:
    """Bit i of the uint64 says whether x < y in lane i; false where a lane is NaN."""
    return types.uint64(lanes_type, lanes_type), lambda _, builder, __, given: _bits(builder, "<", given)


@intrinsic
def at_least(context: Any, x: Any, y: Any) -> Any:
    """Bit i of the uint64 says whether x >= y in lane i; false where a lane is NaN."""
    return types.uint64(lanes_type, lanes_type), lambda _, builder, __, given: _bits(builder, ">=", given)


@intrinsic
def lowest(context: Any, bits: Any) -> Any:
    """Place of the lowest set bit of a uint64 that is not 0."""
    kind = ir.FunctionType(ir.IntType(64), [ir.IntType(64), ir.IntType(1)])

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.cttz.i64")
        return builder.call(function, [given[0], ir.Constant(ir.IntType(1), 1)])

    return types.intp(types.uint64), generate


@intrinsic
def store_cells(context: Any, array: Any, first: Any, row: Any, column: Any, width: Any) -> Any:
    """Write int32 row * width + column, both truncated; meaningless in lanes that do not fit, so ask for bits first."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        _, _, row, column, width = given
        start = builder.mul(builder.fptosi(row, _WORDS), _repeated(builder, width, _WORDS))
        cell = builder.add(start, builder.fptosi(column, _WORDS))
        builder.store(cell, _pointer(context, builder, signature.args[0], given, _WORDS), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes_type, lanes_type, types.int32), generate


@intrinsic
def add_where(context: Any, array: Any, first: Any, bits: Any, value: Any) -> Any:
    """Add the uint32 `value` to those of sixteen neighbours of a uint32 array whose bit of `bits` is set."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], given, _WORDS)
        chosen = builder.bitcast(builder.trunc(given[2], ir.IntType(LANES)), ir.VectorType(ir.IntType(1), LANES))
        zero = ir.Constant(_WORDS, [0] * LANES)
        more = builder.select(chosen, _repeated(builder, given[3], _WORDS), zero)
        builder.store(builder.add(builder.load(pointer, align=4), more), pointer, align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.uint64, types.uint32), generate


def _repeated(builder: Any, value: Any, kind: ir.VectorType) -> Any:
    empty = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(empty, value, ir.Constant(_WORD, 0))
    return builder.shuffle_vector(first, empty, ir.Constant(_WORDS, [0] * LANES))


def _pointer(context: Any, builder: Any, array_type: Any, given: Any, kind: ir.VectorType) -> Any:
    data = cgutils.create_struct_proxy(array_type)(context, builder, given[0]).data
    return builder.bitcast(builder.gep(data, [given[1]]), kind.as_pointer())


def _bits(builder: Any, comparison: str, given: Any) -> Any:
    mask = builder.bitcast(builder.fcmp_ordered(comparison, *given), ir.IntType(LANES))
    return builder.zext(mask, ir.IntType(64))
