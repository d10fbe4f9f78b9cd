"""A YAML document read safely, with the line of every key."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from kpilab.errors import BadInput, Problem, several

MOST_BYTES = 1_000_000
MOST_ALIASES, MOST_DEPTH, MOST_NODES, MOST_CHARACTERS = 100, 30, 20_000, 10_000
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
        """«case.yml line 12, key metrics.orders.table»;
        the nearest parent's line for a missing key."""
        line = next(
            (self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), 1
        )
        key = ".".join(str(p) for p in path)
        return f"{self.file} line {line}" + (f", key {key}" if key else "")


class _Loader(yaml.SafeLoader):
    """The safe loader within limits, and no more than it takes: no tags, dates left as text.

    A date that does not exist is then named with its key. What is refused is refused while it is
    read: before anything grows out of it.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012  # as PyYAML declares it
        sign: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for sign, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.aliases, self.nodes, self.depth = 0, 0, 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            self.aliases += 1
            if self.aliases > MOST_ALIASES:
                raise _refused(f"more than {MOST_ALIASES} YAML aliases", event)
        elif getattr(event, "tag", None) is not None:
            raise _refused(f"has the tag {event.tag!r}", event)
        elif isinstance(event, yaml.ScalarEvent) and len(event.value) > MOST_CHARACTERS:
            raise _refused(f"has a value of {len(event.value):,} characters", event)
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise _refused(f"holds more than {MOST_NODES:,} values", event)
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise _refused(f"is nested deeper than {MOST_DEPTH} levels", event)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _refused(what: str, event: yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=what, problem_mark=event.start_mark)


def read_document(path: Path) -> Document:
    """Read a YAML file with the safe loader.

    Raises:
        BadInput: no such file, or as `parse_document`.
    """
    return parse_document(_text(path), path.name)


def parse_document(text: str, file: str) -> Document:
    """The document a YAML text stands for; nothing is opened.

    Args:
        text: YAML of plain mappings, lists and values.
        file: its name, for messages.

    Raises:
        BadInput: not YAML, a tag, a repeated key, too many aliases, too deep, too large once
            aliases are written out, or not a mapping.
    """
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        size = _written_out(root)
        data = None if root is None or size > MOST_NODES else loader.construct_document(root)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise BadInput(
            f"not valid YAML: {what}", f"{file}{line}", "check indentation, colons and quotes"
        ) from None
    except ValueError as error:
        raise BadInput(
            f"has a number that cannot be read: {_brief(error)}", file, "put it in quotes"
        ) from None
    finally:
        if loader is not None:
            loader.dispose()
    if size > MOST_NODES:
        mend = "write values out instead of * references, and keep data in tables"
        raise BadInput(f"holds more than {MOST_NODES:,} values", file, mend)
    if not isinstance(data, dict):
        raise BadInput("holds no keys", file, "start from `kpilab init FOLDER`")
    lines: dict[Path_, int] = {}
    error = several(_walk(root, (), lines, file))
    if error:
        raise error
    return Document(file, data, lines)


def _brief(error: Exception) -> str:
    return str(error).partition("\n")[0][:80]


def _written_out(root: yaml.Node | None) -> float:
    """How many values the document holds once every alias is written out; infinite for a circle."""
    sizes: dict[int, float] = {}

    def size(node: yaml.Node | None) -> float:
        if not isinstance(node, yaml.CollectionNode):
            return 1
        if id(node) not in sizes:
            sizes[id(node)] = math.inf
            parts = (
                n for pair in node.value for n in (pair if isinstance(pair, tuple) else (pair,))
            )
            sizes[id(node)] = 1 + sum(size(n) for n in parts)
        return sizes[id(node)]

    return size(root)


def _text(path: Path) -> str:
    try:
        there = path.is_file()
    except OSError:  # a name too long, or a folder that may not be entered
        there = False
    if not there:
        raise BadInput(
            f"no file {str(path)!r}", "case", "give a case.yml or the folder that holds it"
        )
    if path.stat().st_size > MOST_BYTES:
        raise BadInput(
            f"file is larger than {MOST_BYTES:,} bytes",
            path.name,
            "a case.yml is short; keep data in tables",
        )
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise BadInput(
            f"{path.name!r} cannot be read: {error.strerror}", "case", "check who may read it"
        ) from None
    except UnicodeDecodeError as error:
        raise BadInput(
            f"not UTF-8 text at byte {error.start}", path.name, "save the file as UTF-8"
        ) from None


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
                        Problem(
                            f"key {name!r} stands twice (first in line {seen[name]})",
                            where,
                            "keep one of them",
                        )
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
