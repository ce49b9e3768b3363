"""What the modules of an application have called when they were imported is not waited for in its requests."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from loopline.check import Finding, check

CONFIG = """
    from functools import lru_cache
    from pathlib import Path
    @lru_cache
    def settings():
        return Path(".env").read_text()
    _log = None
    def log(module=None):
        global _log
        if _log is None:
            _log = Path("log.ini").read_text()
        return _log
"""
ROUTES = """
    from fastapi import APIRouter
    from shop.config import log, settings
    router = APIRouter()
    @router.get("/")
    async def index():
        return settings(), log("x")
"""
APP = """
    from fastapi import FastAPI
    from shop.routes import router
    app = FastAPI()
    app.include_router(router)
"""
EAGER = """
    from shop.config import log, settings
    SETTINGS = settings()
    LOG = log()
"""


def found(folder: Path, files: dict[str, str]) -> list[Finding]:
    for name, code in {"shop/__init__.py": "", "shop/config.py": CONFIG, "shop/routes.py": ROUTES, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(code))
    return [one for one in check([folder]).findings if one.code == "LL101"]


KNOWN = {
    "by the application": {
        "shop/app.py": APP + "    from shop.config import log, settings\n    S = settings(), log()\n",
    },
    "by what the application imports": {
        "shop/app.py": APP + "    import shop.eager\n",
        "shop/eager.py": EAGER + "    async def later(): ...\n",
    },
    "by the module itself": {"shop/app.py": APP, "shop/routes.py": ROUTES + "    log(), settings()\n"},
}


@pytest.mark.parametrize("files", KNOWN.values(), ids=KNOWN.keys())
def test_what_was_called_at_import_is_known(tmp_path: Path, files: dict[str, str]) -> None:
    assert found(tmp_path, files) == []


UNKNOWN = {
    "nobody calls it": {"shop/app.py": APP},
    "only a test does": {"shop/app.py": APP, "tests/test_shop.py": EAGER},
    "a module does that the application does not import": {"shop/app.py": APP, "shop/eager.py": EAGER},
    "only on a condition": {"shop/app.py": APP + "    from shop.config import *\n    if app: log(), settings()\n"},
    "it is forgotten again": {
        "shop/app.py": APP + "    import shop.eager\n",
        "shop/eager.py": EAGER + "    async def again(): settings.cache_clear()\n",
        "shop/config.py": CONFIG + "    def again():\n        global _log\n        _log = None\n",
    },
}


@pytest.mark.parametrize("files", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_may_be_called_first_in_a_request_is_possible(tmp_path: Path, files: dict[str, str]) -> None:
    findings = found(tmp_path, files)
    assert [(one.path.endswith("routes.py"), one.certain) for one in findings] == [(True, False), (True, False)]


LOADED = """
    import importlib
    def load(module):
        name = f"plus.{module}" if module else module
        return importlib.import_module(name)
    async def handler():
        return load("shop")
"""


def test_importing_what_the_application_imports_anyway_takes_no_time(tmp_path: Path) -> None:
    files = {"shop/app.py": APP + "    import plus.shop\n", "plus/shop.py": "x = 1\n", "shop/load.py": LOADED}
    assert not [one for one in found(tmp_path, files) if one.path.endswith("load.py")]


def test_importing_what_nothing_else_imports_is_possible(tmp_path: Path) -> None:
    files = {"shop/app.py": APP, "plus/shop.py": "x = 1\n", "shop/load.py": LOADED}
    assert [one.certain for one in found(tmp_path, files) if one.path.endswith("load.py")] == [False]


VERSIONED = """
    import importlib
    def versioned(module, attribute, paid):
        name = f"plus.{module}" if paid else module
        try:
            return getattr(importlib.import_module(name), attribute)
        except ModuleNotFoundError:
            if paid:
                return getattr(importlib.import_module(module), attribute)
            raise
    async def handler(paid):
        return versioned("shop.one", "x", paid)
"""


@pytest.mark.parametrize(
    "modules",
    [
        pytest.param({"plus/shop/one.py": "x = 1\n"}, id="only the other edition has it"),
        pytest.param({"plus/shop/one.py": "x = 1\n", "shop/one.py": "x = 1\n"}, id="both have it"),
        pytest.param({}, id="none has it"),
    ],
)
def test_what_is_imported_where_another_is_missing_loads_nothing_if_that_is_there(
    tmp_path: Path, modules: dict[str, str]
) -> None:
    loading = "    import plus.shop.one\n    import shop.one\n" if modules else ""
    packages = {"shop/__init__.py": "", "plus/__init__.py": "", "plus/shop/__init__.py": ""}
    files = {"shop/app.py": APP + loading, "shop/load.py": VERSIONED, **packages, **modules}
    assert not [one for one in found(tmp_path, files) if one.path.endswith("load.py")]


def test_what_is_imported_where_another_is_missing_is_possible_if_that_is_not_there(tmp_path: Path) -> None:
    files = {"shop/app.py": APP, "shop/one.py": "x = 1\n", "plus/__init__.py": "", "shop/load.py": VERSIONED}
    assert [one.certain for one in found(tmp_path, files) if one.path.endswith("load.py")] == [False]


KEEPER = """
    from pathlib import Path
    class Keeper:
        def __init__(self):
            self._key = None
            self._store = {}
        def key(self):
            if self._key is not None:
                return self._key
            path = Path("key")
            text = path.read_text()
            self._key = text.strip()
            return self._key
        def named(self, name):
            if name not in self._store:
                self._store[name] = Path(name).read_text()
            return self._store[name]
"""


@pytest.mark.parametrize("call", ["key()", "named('x')"])
@pytest.mark.parametrize(("made", "certain"), [("keeper = Keeper()", False), ("", True)], ids=["kept", "made anew"])
def test_what_an_object_remembers_is_certain_only_if_the_object_is_new(
    tmp_path: Path, call: str, made: str, certain: bool
) -> None:
    holder = "keeper" if made else "Keeper()"
    code = f"{KEEPER}    {made}\n    async def handler():\n        return {holder}.{call}\n"
    findings = [one for one in found(tmp_path, {"shop/keeper.py": code}) if one.path.endswith("keeper.py")]
    assert [one.certain for one in findings] == [certain]


FALLBACK = """
    from pathlib import Path
    class Page:
        def text(self):
            return self.content or Path("page").read_text()
        def name(self, given):
            return given or Path("name").read_text()
    async def handler(page: Page):
        page.text()
        page.name("")
"""


def test_what_runs_only_if_an_object_has_nothing_yet_is_possible(tmp_path: Path) -> None:
    findings = [one for one in found(tmp_path, {"shop/page.py": FALLBACK}) if one.path.endswith("page.py")]
    assert {one.line: one.certain for one in findings} == {9: False, 10: True}


def test_of_the_places_that_may_be_the_first_to_fill_what_is_kept_one_is_told_of_with_how_many_others(
    tmp_path: Path,
) -> None:
    (tmp_path / "app.py").write_text(
        dedent("""
        import requests
        _rates = None
        def rates():
            global _rates
            if _rates is None:
                _rates = requests.get("http://rates").json()
            return _rates
        async def one():
            return rates()
        async def two():
            return rates()
        async def three():
            return {"rates": rates()}
        """)
    )
    (found,) = check([tmp_path]).findings
    assert (found.line, found.others, found.certain) == (10, 2, False)
    assert found.advice.startswith(
        "2 other places come here, too, and whoever finds nothing there yet waits: fill it at startup."
    )
