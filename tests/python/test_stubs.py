"""The stubs name exactly what the modules have, with the same parameters."""

import ast
import importlib
import inspect
from pathlib import Path

import bedplate as bp
import pytest

PACKAGE = Path(bp.__file__).parent
STUBS = sorted(path.stem for path in PACKAGE.glob("*.pyi"))


def public(names):
    return {name for name in names if not name.startswith("_")}


def declared(body):
    """The names that a stub's body declares, and its functions' parameter names."""
    names, functions = set(), {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            functions[node.name] = [arg.arg for arg in node.args.posonlyargs + node.args.args + node.args.kwonlyargs]
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname for alias in node.names if alias.asname}
    return names, functions


def parameters(function):
    return [p.name for p in inspect.signature(function).parameters.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


@pytest.mark.parametrize("stub", STUBS)
def test_stub(stub):
    module = bp if stub == "__init__" else importlib.import_module(f"bedplate.{stub}")
    tree = ast.parse((PACKAGE / f"{stub}.pyi").read_text())
    names, functions = declared(tree.body)
    if stub == "__init__":
        assert public(names) == public(bp.__all__)
    else:
        own = {
            n
            for n, v in vars(module).items()
            if getattr(v, "__module__", module.__name__) == module.__name__ and not inspect.ismodule(v)
        }
        assert public(own) - {"WHAT_CAN"} <= public(names)
    for name, given in functions.items():
        if not name.startswith("__"):
            assert parameters(getattr(module, name)) == given, name
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and stub != "__init__":
            check_class(getattr(module, node.name), node)


def check_class(cls, node):
    names, functions = declared(node.body)
    for name in public(names):
        assert name in functions or hasattr(cls, name) or name in vars(cls(None)), (cls, name)
    for name, given in functions.items():
        member = inspect.getattr_static(cls, name)
        if not isinstance(member, property) and not name.startswith("__"):
            assert parameters(member) == given, (cls, name)
    assert public(vars(cls)) <= names | {"arraysize"}, (cls, public(vars(cls)) - names)


def test_everything_public_has_a_docstring():
    for name in bp.__all__:
        value = getattr(bp, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__doc__, name
            for member, inner in vars(value).items() if inspect.isclass(value) else ():
                if not member.startswith("_") and (inspect.isfunction(inner) or isinstance(inner, property)):
                    assert inner.__doc__, (name, member)
