"""Doors: a module's public names stand in the stub beside it and are loaded when first asked for.

A type checker reads the stub and sees every signature; importing kpilab loads none of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

from kpilab.old import warned

Door = tuple[list[str], Callable[[str], object], Callable[[], list[str]]]
NOTHING: Mapping[str, str] = {}


def door(module: str, old: Mapping[str, str] = NOTHING) -> Door:
    """`__all__`, `__getattr__` and `__dir__` of a module.

    Args:
        module: its full name; beside it lies the stub, with lines
            `from <module> import <name> as <name>`.
        old: names it had, and where in kpilab they are now.
    """
    places = _places(module)
    names = sorted(name for name, place in places.items() if place != module)

    def loaded(name: str) -> object:
        if name in old:
            warned(f"{module}.{name}", f"kpilab.{old[name]}")
            room, _, now = old[name].rpartition(".")
            return getattr(import_module(f"kpilab.{room}"), now)
        if name not in places:
            raise AttributeError(
                f"module {module!r} has no attribute {name!r}", name=name, obj=sys.modules[module]
            )
        # When asked for, as the name itself.
        from kpilab.errors import extra

        with extra(f"{module}.{name}"):
            if places[name] == module:
                return import_module(f"{module}.{name}")
            return getattr(import_module(places[name]), name)

    return names, loaded, lambda: sorted(places)


def written() -> dict[str, str]:
    """Every public name -> how it is written: at the top of kpilab if there, else in its room."""
    top = _places("kpilab")
    rooms = [import_module(f"kpilab.{name}") for name, place in top.items() if place == "kpilab"]
    found = {name: f"{room.__name__}.{name}" for room in rooms for name in room.__all__}
    return found | {name: f"kpilab.{name}" for name, place in top.items() if place != "kpilab"}


def thing(name: str) -> object:
    """What a public name stands for, or a method of it ("Store.add_action")."""
    name, *method = name.split(".")
    room, _, last = written()[name].rpartition(".")
    found = getattr(import_module(room), last)
    return getattr(found, method[0]) if method else found


def _places(module: str) -> dict[str, str]:
    """Public name -> the module it comes from; that is `module` itself for the modules below it."""
    spec = sys.modules[module].__spec__
    stub = spec.loader.get_data(spec.origin.removesuffix("c").removesuffix(".py") + ".pyi")  # pyright: ignore
    lines = [line.split() for line in stub.decode("utf-8").splitlines() if line.startswith("from ")]
    return {line[-1]: line[1] for line in lines}
