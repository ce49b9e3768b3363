"""The catalog of libraries: its files are well formed, and what they name exists where the library is installed."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import re
import sys
import tomllib
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from loopline.check.libraries import FOLDER, Libraries

CALL = re.findall(
    r"\w+",
    "blocks certainty unless when cost instead returns async runs drains threads background loop consumes refuses keep"
    " after decorated entered works_through imports",
)
CLASS = re.findall(
    r"\w+",
    "name also like bases methods attributes enter enters leaves leaves_after elements iterates only awaits"
    " with_opener",
)
KINDS = {"network", "disk", "lock", "cpu", "sleep", "process", "loop"}
WORDS = {
    "argument",
    "entered",
    "works_through",
    "result",
    "results",
    "elements",
    "element",
    "awaited",
    "function",
    "offloaded",
    "task",
}
PLAIN = {"", "self", "object", "none", "bytes", "str", "int", "float", "bool", "list", "dict", "iterator", "tuple"}
FILES = sorted(FOLDER.glob("*.toml"))
DATA = {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in FILES}

# What only some versions of Python, or of a library, have.
OTHER_VERSIONS = re.compile(
    r"^(telnetlib|nntplib|crypt|pathlib\.(Path|PurePath)|tarfile\.TarFile\.zstopen|dbm\.|os\.|multiprocessing"
    r"|psutil\.|anyio\.Path|starlette\.|urllib\.request\.(URLopener|FancyURLopener)"
    r"|importlib\.|zipfile|asyncio\.|builtins\.|concurrent\.|mmap\."
    r"|threading\.Condition\.|loopline\.RayLane|.*Session\.exec )"
)
ALSO = {"asyncio": {"uvloop"}, "builtins": {"io", "codecs"}}
TWICE = {"builtins.list", "builtins.str"}  # functions, and the types that they make
LIBRARIES = Libraries()


def groups(data: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for group in data.get("functions", []):
        yield "functions", group
    for group in data.get("classes", []):
        yield "classes", group
        for methods in group.get("methods", []):
            yield "methods", methods


def types(group: dict[str, Any]) -> Iterator[str]:
    for key in ("returns", "elements", "enter", "awaits"):
        if key in group:
            yield group[key]
    yield from group.get("attributes", {}).values()
    yield from group.get("bases", ())


def names(text: str) -> Iterator[str]:
    for part in re.split(r"[|,\[\]]", text):
        word, _, rest = part.strip().partition(" ")
        if rest:
            assert word in WORDS | {"class"}, text
            assert rest.isdigit() or rest == "list" or word in ("class", "function"), text
            if word == "class" and not rest.isdigit():
                yield rest
        elif word not in PLAIN:
            yield word


def test_files_have_only_what_the_format_knows() -> None:
    for name, data in DATA.items():
        assert data.keys() <= {"library", "aliases", "functions", "classes"}, name
        assert data.get("library", {}).keys() <= {"kind", "cost", "instead", "by_input"}, name
        assert data.get("library", {}).get("kind", "disk") in KINDS, name
        for what, group in groups(data):
            known = {*CALL, *{"functions": ["in", "names"], "classes": CLASS, "methods": ["names"]}[what]}
            assert group.keys() <= known, group
            assert group.get("certainty", "possible") == "possible", group
            assert group.get("only", "async") == "async", group
            for key in ("blocks", "enters", "leaves", "iterates"):
                assert group.get(key, True) is True or group[key] in KINDS, group
            for key in ("async", "keep", "with_opener"):
                assert group.get(key, True) is True, group
            for condition in (*group.get("unless", ()), *group.get("when", ())):
                assert re.fullmatch(r"\w+(=(None|True|False|-?\d+|'.*'|[A-Z_]+))?", condition), group


def test_a_file_is_found_by_the_module_that_is_imported() -> None:
    for name, data in DATA.items():
        own = [group["in"] for group in data.get("functions", [])]
        own += [group["name"] for group in data.get("classes", [])]
        own += data.get("aliases", {})
        assert {one.split(".")[0] for one in own} <= {name, *ALSO.get(name, ())}, name


def test_types_that_are_referred_to_exist() -> None:
    libraries = Libraries()
    for name, data in DATA.items():
        libraries.is_known(name)
        for _, group in groups(data):
            for text in types(group):
                for one in names(text):
                    assert libraries.cls(one) is not None, (one, group)


def test_aliases_lead_somewhere() -> None:
    libraries = Libraries()
    for name, data in DATA.items():
        libraries.is_known(name)
        for alias, target in data.get("aliases", {}).items():
            assert alias != target
            assert libraries.canonical(f"{alias}.x") != f"{alias}.x" or alias.split(".")[0] in ALSO.get(name, ())
            assert target.split(".")[0] in DATA, target


def test_nothing_is_listed_twice() -> None:
    listed: Counter[str] = Counter()
    for data in DATA.values():
        for group in data.get("functions", []):
            listed.update(f"{group['in']}.{one}" for one in group["names"])
        for group in data.get("classes", []):
            listed.update([group["name"], *group.get("also", ())])
            listed.update(f"{group['name']}.{one}" for methods in group.get("methods", []) for one in methods["names"])
    assert [one for one, count in listed.items() if count > 1 and one not in TWICE] == []


def test_what_blocks_says_what_it_costs_and_what_to_write() -> None:
    for data in DATA.values():
        library = data.get("library", {})
        for _, group in groups(data):
            kinds = {group.get(key) for key in ("blocks", "enters", "leaves", "iterates") if group.get(key)}
            if kinds:
                assert True not in kinds or library.get("kind"), group
                assert group.get("cost", library.get("cost")), group
                assert group.get("instead", library.get("instead")), group


def mistakes(name: str) -> list[str]:
    """Return what a file says of an installed library that is not so."""
    found = []
    data = DATA[name]
    for group in data.get("functions", []):
        module = thing(group["in"])
        if module is None:
            continue
        for one in group["names"]:
            if one != "*" and not hasattr(module, one):
                found.append(f"{group['in']}.{one} does not exist")
            elif one != "*":
                found += colour(f"{group['in']}.{one}", getattr(module, one), group)
    mentioned = {one for _, group in groups(data) for text in types(group) for one in names(text)}
    for group in data.get("classes", []):
        for other in group.get("also", ()):
            if thing(other) is None and importable(other):
                found.append(f"{other} does not exist")
        real = [one for one in map(thing, (group["name"], *group.get("also", ()))) if inspect.isclass(one)]
        if not real and thing(group["name"]) is None and importable(group["name"]) and group["name"] not in mentioned:
            found.append(f"{group['name']} does not exist, and nothing gives it")
        if not real:
            continue
        for methods in group.get("methods", []):
            for one in methods["names"]:
                if one == "*" or one in ("__call__", "__getitem__"):
                    continue
                owner = next((kind for kind in real if hasattr(kind, one)), None)
                if owner is None:
                    found.append(f"{group['name']}.{one} does not exist")
                else:
                    found += colour(f"{group['name']}.{one}", getattr(owner, one), methods)
    return [one for one in found if not OTHER_VERSIONS.match(one)]


def colour(path: str, real: object, group: dict[str, Any]) -> list[str]:
    """Return a complaint if the catalog is wrong on whether a function is a coroutine function."""
    real = inspect.unwrap(real) if callable(real) else real
    if inspect.iscoroutinefunction(real):
        given = LIBRARIES.cls(group.get("returns", ""))
        awaitable = group.get("async") or (given is not None and (given.awaits or given.only_async))
        return [] if awaitable else [f"{path} is a coroutine function"]
    if not group.get("async") or not inspect.isfunction(real):
        return []
    told = str(inspect.signature(real).return_annotation)
    doubt = re.search(r"Await|Corout|Future|Any|empty|ResponseT|Context|Union|Task|Wrapper", told)
    return [] if doubt or told.startswith("~") else [f"{path} is not a coroutine function: {told}"]


@functools.cache
def thing(path: str) -> object | None:
    """Return what a dotted name means, if it is there."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value: object = importlib.import_module(".".join(parts[:end]))
                for part in parts[end:]:
                    value = getattr(value, part)
        except (ImportError, AttributeError, TypeError):
            continue
        return value
    return None


def importable(path: str) -> bool:
    """Tell whether the module that has a name is installed (an optional part of a library may not be)."""
    module = path.rpartition(".")[0]
    return bool(module) and any(inspect.ismodule(thing(one)) for one in (module, module.rpartition(".")[0]) if one)


def installed(name: str) -> bool:
    """Tell whether a library is there: of the standard library, or installed (our own tests have modules, too)."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:  # a namespace, such as google, may hold another library's part alone
        return False
    places = [spec.origin, *(spec.submodule_search_locations or ())]
    ours = name in {*sys.stdlib_module_names, "loopline"}
    return ours or any("site-packages" in one for one in places)


INSTALLED = [name for name in DATA if installed(name)]


@pytest.mark.skipif(sys.platform != "linux", reason="the standard library differs by system")
@pytest.mark.parametrize("name", INSTALLED)
def test_names_of_installed_libraries_exist(name: str) -> None:
    assert mistakes(name) == []
