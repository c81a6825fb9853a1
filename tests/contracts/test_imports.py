"""Imports point downward through the rows, run in no circle, and draw no global randomness."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "autokeras_nas"
FOLDER = Path(__file__).resolve().parents[2] / PACKAGE

ROWS = (
    {"auto_model", "reports", "export"},
    {"search"},
    {"training", "supernets", "ensembles", "refinement"},
    {"search_spaces", "tasks", "oracles", "controllers"},
    {"layers", "costs", "data", "storage"},
    {"architecture"},
    {"registry", "errors", "objectives"},
)
ROW_OF = {unit: depth for depth, row in enumerate(ROWS) for unit in row}
# Within a row only these may meet, importer first; the top row is open.
NEIGHBOURS = {("oracles", "controllers"), ("registry", "errors"), ("objectives", "errors")}

OWN_GENERATORS = {
    "numpy.random": {
        "default_rng", "Generator", "SeedSequence", "BitGenerator",
        "MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64",
    },
    # Saving and restoring the global state leaves it as it was found.
    "random": {"Random", "getstate", "setstate"},
}  # fmt: skip


def module_name(path: Path) -> str:
    parts = path.relative_to(FOLDER.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {module_name(path): path for path in sorted(FOLDER.rglob("*.py"))}
SOURCES = {name: path.read_text(encoding="utf-8") for name, path in PATHS.items()}
FRONTS = {name for name, path in PATHS.items() if path.name == "__init__.py"}
MODULES = sorted(SOURCES.keys() - {PACKAGE})


def unit_of(module: str) -> str:
    """The top-level part that a module belongs to; empty for the package itself."""
    return module.removeprefix(PACKAGE).removeprefix(".").split(".")[0]


def statements(node: ast.AST, at_load_only: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    """Import statements; `at_load_only`: only those which run as the module is loaded."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif at_load_only and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        elif at_load_only and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for other in child.orelse:
                yield from statements(ast.Module([other], []), at_load_only)
        else:
            yield from statements(child, at_load_only)


def targets(statement: ast.Import | ast.ImportFrom, module: str, front: bool) -> Iterator[str]:
    """Absolute dotted names that a statement asks for."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
        return
    base = statement.module or ""
    if statement.level:
        package = module.split(".") if front else module.split(".")[:-1]
        package = package[: len(package) - statement.level + 1]
        base = ".".join([*package, *filter(None, [base])])
    yield from (f"{base}.{alias.name}" for alias in statement.names)


def imports(
    module: str, source: str, modules, front: bool = False, at_load_only: bool = False
) -> set[str]:
    """Modules of the package that a module names in its imports, at any depth of its code."""
    found = set()
    for statement in statements(ast.parse(source), at_load_only):
        for name in targets(statement, module, front):
            if name.split(".")[0] != PACKAGE:
                continue
            while name != PACKAGE and name not in modules:
                name = name.rpartition(".")[0]
            found.add(name)
    return found


def is_allowed(importer: str, imported: str) -> bool:
    """Whether the rows let one unit import the other."""
    if importer == imported:
        return True
    if importer not in ROW_OF or imported not in ROW_OF:
        return False
    if ROW_OF[importer] == ROW_OF[imported]:
        return ROW_OF[importer] == 0 or (importer, imported) in NEIGHBOURS
    return ROW_OF[importer] < ROW_OF[imported]


def loads(module: str, source: str, modules, front: bool = False) -> set[str]:
    """Modules that must be loaded before a module is: those named, and packages around them.

    A package around the importer is left out: Python is loading it already.
    """
    before = set()
    for name in imports(module, source, modules, front, at_load_only=True):
        before.add(name)
        while (name := name.rpartition(".")[0]) and name != PACKAGE:
            if not f"{module}.".startswith(f"{name}."):
                before.add(name)
    return before - {PACKAGE}


def global_draws(source: str) -> list[str]:
    """Uses of a generator that the whole process shares, as dotted names."""
    tree = ast.parse(source)
    known: dict[str, str] = {}
    for statement in statements(tree, at_load_only=False):
        for alias in statement.names:
            if isinstance(statement, ast.ImportFrom):
                if not statement.level:
                    known[alias.asname or alias.name] = f"{statement.module}.{alias.name}"
            elif alias.asname:
                known[alias.asname] = alias.name
            else:
                top = alias.name.split(".")[0]
                known[top] = top

    def dotted(node: ast.AST) -> str | None:
        if isinstance(node, ast.Name):
            return known.get(node.id)
        if isinstance(node, ast.Attribute) and (base := dotted(node.value)):
            return f"{base}.{node.attr}"
        return None

    def visit(node: ast.AST) -> Iterator[str]:
        name = dotted(node)
        if name is None:
            for child in ast.iter_child_nodes(node):
                yield from visit(child)
            return
        for generators, own in OWN_GENERATORS.items():
            # The bare module counts too: passed on, it serves as a generator.
            if f"{name}.".startswith(f"{generators}."):
                if name.removeprefix(generators).strip(".").split(".")[0] not in own:
                    yield name

    return list(visit(tree))


@pytest.mark.parametrize("module", MODULES)
def test_module_has_a_row(module):
    assert unit_of(module) in ROW_OF, f"Enter {unit_of(module)!r} into a row."


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_its_own_unit_and_lower_rows(module):
    imported = imports(module, SOURCES[module], SOURCES, module in FRONTS)
    upward = {n for n in imported if not is_allowed(unit_of(module), unit_of(n))}
    assert not upward, f"{module} must not import {sorted(upward)}."


def test_no_modules_load_in_a_circle():
    graph = {
        module: loads(module, SOURCES[module], SOURCES, module in FRONTS) for module in MODULES
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail("Modules import one another: " + " ‹ ".join(error.args[1]))


@pytest.mark.parametrize("module", sorted(SOURCES))
def test_module_draws_nothing_from_a_global_generator(module):
    draws = global_draws(SOURCES[module])
    assert not draws, f"{module} uses {draws}; draw from a generator that is passed in."


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("auto_model", "search", True),
        ("auto_model", "errors", True),
        ("reports", "export", True),
        ("search", "auto_model", False),
        ("search", "oracles", True),
        ("training", "supernets", False),
        ("oracles", "controllers", True),
        ("controllers", "oracles", False),
        ("oracles", "search_spaces", False),
        ("search_spaces", "oracles", False),
        ("tasks", "controllers", False),
        ("tasks", "search_spaces", False),
        ("search_spaces", "tasks", False),
        ("storage", "data", False),
        ("architecture", "storage", False),
        ("registry", "errors", True),
        ("objectives", "errors", True),
        ("errors", "registry", False),
        ("objectives", "registry", False),
        ("architecture", "elsewhere", False),
        ("errors", "", False),
    ],
)
def test_rows_say_who_may_import_whom(importer, imported, allowed):
    assert is_allowed(importer, imported) is allowed


TOY = {f"{PACKAGE}", f"{PACKAGE}.a", f"{PACKAGE}.b", f"{PACKAGE}.b.c", f"{PACKAGE}.b.d"}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("import autokeras_nas.b.c", "b.c"),
        ("from autokeras_nas import a", "a"),
        ("from autokeras_nas.b import c", "b.c"),
        ("from autokeras_nas.b.c import Thing", "b.c"),
        ("from autokeras_nas.b import Thing", "b"),
        ("from . import d", "b.d"),
        ("from .d import Thing", "b.d"),
        ("from ..a import Thing", "a"),
        ("def f():\n    from autokeras_nas import a", "a"),
    ],
)
def test_every_way_to_write_an_import_is_found(statement, found):
    assert imports(f"{PACKAGE}.b.c", statement, TOY) == {f"{PACKAGE}.{found}"}


def test_import_of_the_whole_package_is_found():
    assert imports(f"{PACKAGE}.a", "from autokeras_nas import AutoModel", TOY) == {PACKAGE}


def test_import_that_waits_for_a_call_loads_nothing():
    late = "def f():\n    import autokeras_nas.a\nif TYPE_CHECKING:\n    import autokeras_nas.a"
    assert loads(f"{PACKAGE}.b.c", late, TOY) == set()


def test_loading_a_module_loads_the_package_around_it():
    assert loads(f"{PACKAGE}.a", "import autokeras_nas.b.c", TOY) == {
        f"{PACKAGE}.b",
        f"{PACKAGE}.b.c",
    }
    assert loads(f"{PACKAGE}.b.d", "import autokeras_nas.b.c", TOY) == {f"{PACKAGE}.b.c"}


@pytest.mark.parametrize(
    ("source", "draws"),
    [
        ("import numpy as np\nnp.random.rand(3)", ["numpy.random.rand"]),
        ("import numpy as np\nnp.random.RandomState(0).rand()", ["numpy.random.RandomState"]),
        ("import numpy.random as r\nr.seed(0)", ["numpy.random.seed"]),
        ("from numpy import random\nrandom.choice(x)", ["numpy.random.choice"]),
        ("from numpy.random import rand\nrand()", ["numpy.random.rand"]),
        ("import random\nrandom.shuffle(x)", ["random.shuffle"]),
        ("import random as r\nf(rng=r)", ["random"]),
        ("from random import choice\nchoice(x)", ["random.choice"]),
        ("import numpy as np\nnp.random.default_rng(0).random()", []),
        ("import random\nrandom.Random(0).random()", []),
        ("import keras\nkeras.utils.set_random_seed(0)", []),
        ("def f(rng):\n    return rng.random()", []),
    ],
)
def test_global_draws_are_told_from_own_generators(source, draws):
    assert global_draws(source) == draws
