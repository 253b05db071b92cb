"""What a result was made from: digests of code, inputs and settings, package versions."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

PACKAGE_ROOT = Path(__file__).resolve().parent
RECORDED_PACKAGES = (
    "chorus-hoi", "numpy", "scipy", "numba", "torch", "diffusers", "transformers", "accelerate", "safetensors",
    "detectron2", "mmpose", "h5py", "pillow", "pydantic", "ai-edge-litert", "pycocotools", "snakemake", "openai",
)  # fmt: skip
_IGNORED_TOKENS = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING)
_LAYOUT_TOKENS = (tokenize.INDENT, tokenize.NEWLINE)  # their text is white space, which may differ


@functools.cache
def code_digest(module: str) -> str:
    """Digest (16 hex) of a module and of every module of this package that it imports, comments and layout ignored.

    Snakemake does not see edits in imported modules; as a rule's `params` this digest makes them visible.
    """
    digest = hashlib.sha256()
    for name in sorted(_closure(module)):
        digest.update(name.encode() + b"\0" + _tokens(_source_path(name)))
    return digest.hexdigest()[:16]


def _closure(module: str) -> set[str]:
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or _source_path(name) is None:
            continue
        found.add(name)
        waiting += _imports(name)
    return found


@functools.cache
def _imports(module: str) -> tuple[str, ...]:
    path = _source_path(module)
    names: list[str] = []
    for node in _run_time_nodes(ast.parse(path.read_bytes())) if path else ():
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(name for name in names if name.split(".")[0] == PACKAGE_ROOT.name)


def _run_time_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    # Imports for type checkers alone change no result.
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from _run_time_nodes(node)


def _source_path(module: str) -> Path | None:
    parts = module.split(".")
    if parts[0] != PACKAGE_ROOT.name:
        return None
    base = PACKAGE_ROOT.joinpath(*parts[1:])
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.is_file() and path != PACKAGE_ROOT.with_suffix(".py"):
            return path
    return None


@functools.cache
def _tokens(path: Path | None) -> bytes:
    if path is None:
        return b""
    tokens = tokenize.tokenize(io.BytesIO(path.read_bytes().replace(b"\r\n", b"\n")).readline)
    kept = (token for token in tokens if token.type not in _IGNORED_TOKENS)
    # Blocks count by their structure, not by how many spaces they are indented.
    return "\0".join(f"{token.type}:{'' if token.type in _LAYOUT_TOKENS else token.string}" for token in kept).encode()


@functools.cache
def package_versions() -> dict[str, str]:
    """Versions of the installed packages that results depend on."""
    versions = {}
    for package in RECORDED_PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
