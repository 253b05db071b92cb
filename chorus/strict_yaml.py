"""Configuration files as plain values: size and depth capped, no duplicate keys, no aliases, no tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from chorus.errors import ConfigError

MAX_CONFIG_BYTES = 1_000_000
MAX_CONFIG_DEPTH = 12
MAX_CONFIG_NODES = 100_000


class _StrictLoader(yaml.SafeLoader):
    """YAML without duplicate keys and without aliases (an alias bomb needs them, a configuration does not)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise ConfigError("aliases (*name) are not allowed; write the value out")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict:
        seen: set[str] = set()
        for key in (key_node for key_node, _ in node.value if isinstance(key_node, yaml.ScalarNode)):
            if key.value in seen:
                raise ConfigError(
                    f"{' '.join(key.value[:60].split())}: stands twice (line {key.start_mark.line + 1}); keep one"
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """A configuration file as plain values: size and depth capped, no duplicate keys, no aliases, no tags.

    Raises:
        ConfigError: one line with the file's name.
    """
    try:
        if path.stat().st_size > MAX_CONFIG_BYTES:
            raise ConfigError(f"the file has more than {MAX_CONFIG_BYTES} bytes; a configuration is small")
        text = path.read_text("utf-8")
        _check_depth(text)
        value = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a subclass of SafeLoader
    except ConfigError as error:
        raise ConfigError(f"{path.name}: {error}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path.name}: is not plain YAML{line}: {problem}; see config.yaml for the form") from None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConfigError(
            f"{path.name}: holds a {type(value).__name__}, expected a mapping of settings; see config.yaml"
        )
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_CONFIG_DEPTH or nodes > MAX_CONFIG_NODES:
            raise ConfigError(f"nested deeper than {MAX_CONFIG_DEPTH} levels or too many values; simplify it")
