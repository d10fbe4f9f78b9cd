"""A YAML document read safely, with the line of every key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from kpilab.errors import BadInput, Problem, several

MOST_BYTES = 1_000_000
MOST_ALIASES = 100
Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """Plain data and where each key stands.

    Attributes:
        file: the file's name, for messages.
        data: mappings, lists and scalars only.
        lines: path of keys -> line, from 1.
    """

    file: str
    data: Mapping[str, object]
    lines: Mapping[Path_, int]

    def at(self, *path: str | int) -> str:
        """«case.yml line 12, key metrics.orders.table»; the nearest parent's line for a missing key."""
        line = next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 1)
        key = ".".join(str(p) for p in path)
        return f"{self.file} line {line}" + (f", key {key}" if key else "")


class _Loader(yaml.SafeLoader):
    """The safe loader, which leaves dates as text: a date that does not exist is then named with its key."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # as PyYAML declares it
        sign: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_document(path: Path) -> Document:
    """Read a YAML file with the safe loader.

    Raises:
        BadInput: no such file, too large, not YAML, a repeated key, too many aliases, or not a mapping.
    """
    text = _text(path)
    try:
        root = yaml.compose(text, Loader=_Loader)
        # Our loader is a safe one: plain data only.
        data = yaml.load(text, Loader=_Loader) if root is not None and _aliases(text) <= MOST_ALIASES else None  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise BadInput(
            f"not valid YAML: {what}", f"{path.name}{line}", "check indentation, colons and quotes"
        ) from None
    except (RecursionError, ValueError, TypeError, OverflowError) as error:
        raise BadInput(
            f"cannot be read: {type(error).__name__}", path.name, "check nesting, dates and numbers"
        ) from None
    if root is not None and data is None:
        raise BadInput(f"more than {MOST_ALIASES} YAML aliases", path.name, "write values out instead of * references")
    if not isinstance(data, dict):
        raise BadInput("holds no keys", path.name, "start from `kpilab init FOLDER`")
    lines: dict[Path_, int] = {}
    error = several(_walk(root, (), lines, path.name))
    if error:
        raise error
    return Document(path.name, data, lines)


def _text(path: Path) -> str:
    if not path.is_file():
        raise BadInput(f"no file {str(path)!r}", "case", "give a case.yml or the folder that holds it")
    if path.stat().st_size > MOST_BYTES:
        raise BadInput(
            f"file is larger than {MOST_BYTES:,} bytes", path.name, "a case.yml is short; keep data in tables"
        )
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"not UTF-8 text at byte {error.start}", path.name, "save the file as UTF-8") from None


def _aliases(text: str) -> int:
    return sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader))


def _walk(root: yaml.Node | None, at: Path_, lines: dict[Path_, int], file: str) -> list[Problem]:
    """Fill `lines`; one problem for each key that stands twice."""
    problems: list[Problem] = []
    stack: list[tuple[yaml.Node | None, Path_]] = [(root, at)]
    seen_nodes: set[int] = set()
    while stack:
        node, path = stack.pop()
        if id(node) in seen_nodes:
            continue
        seen_nodes.add(id(node))
        if isinstance(node, yaml.MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                name, line = str(key.value), key.start_mark.line + 1
                if name in seen:
                    where = f"{file} line {line}, key {'.'.join(map(str, (*path, name)))}"
                    problems.append(
                        Problem(f"key {name!r} stands twice (first in line {seen[name]})", where, "keep one of them")
                    )
                seen.setdefault(name, line)
                lines[(*path, name)] = line
                stack.append((value, (*path, name)))
        elif isinstance(node, yaml.SequenceNode):
            for k, value in enumerate(node.value):
                lines[(*path, k)] = value.start_mark.line + 1
                stack.append((value, (*path, k)))
    return problems


def keys(data: object) -> Sequence[str]:
    """Keys of a mapping as text; none for anything else."""
    return [str(k) for k in data] if isinstance(data, Mapping) else []
