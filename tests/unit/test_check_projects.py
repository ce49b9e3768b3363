"""The check follows imports through the modules of a project, however they are laid out."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from loopline.check import Finding, check
from loopline.check.settings import Settings

SLOW = "import time\ndef slow():\n    time.sleep(1)\n"


def found(folder: Path, files: dict[str, str], settings: Settings | None = None) -> list[Finding]:
    for name, code in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(code))
    return check([folder], settings).findings


LAYOUTS = {
    "relative": {
        "shop/__init__.py": "",
        "shop/work.py": SLOW,
        "shop/routes.py": "from .work import slow\nasync def handler():\n    slow()\n",
    },
    "relative, of a module": {
        "shop/__init__.py": "",
        "shop/work.py": SLOW,
        "shop/routes.py": "from . import work\nasync def handler():\n    work.slow()\n",
    },
    "two levels up": {
        "shop/__init__.py": "",
        "shop/work.py": SLOW,
        "shop/api/__init__.py": "",
        "shop/api/routes.py": "from ..work import slow as lazy\nasync def handler():\n    lazy()\n",
    },
    "re-exported": {
        "shop/__init__.py": "from shop.work import slow\n",
        "shop/work.py": SLOW,
        "main.py": "import shop\nasync def handler():\n    shop.slow()\n",
    },
    "re-exported with a star": {
        "shop/__init__.py": "from .work import *\n",
        "shop/work.py": SLOW,
        "main.py": "from shop import slow\nasync def handler():\n    slow()\n",
    },
    "in src": {
        "src/shop/__init__.py": "",
        "src/shop/work.py": SLOW,
        "src/shop/routes.py": "from shop.work import slow\nasync def handler():\n    slow()\n",
    },
    "namespace packages": {
        "app/services/work.py": SLOW,
        "app/routers/routes.py": "from app.services.work import slow\nasync def handler():\n    slow()\n",
    },
    "scripts side by side": {
        "work.py": SLOW,
        "routes.py": "from work import slow\nasync def handler():\n    slow()\n",
    },
    "dotted import": {
        "shop/__init__.py": "",
        "shop/work.py": SLOW,
        "main.py": "import shop.work\nasync def handler():\n    shop.work.slow()\n",
    },
    "conditional": {
        "work.py": SLOW,
        "main.py": """
            try:
                from missing import slow
            except ImportError:
                from work import slow
            async def handler():
                slow()
        """,
    },
    "for types only": {
        "repo.py": "import time\nclass Repo:\n    def load(self):\n        time.sleep(1)\n",
        "main.py": """
            from __future__ import annotations
            from typing import TYPE_CHECKING
            if TYPE_CHECKING:
                from repo import Repo
            async def handler(repo: Repo):
                repo.load()
        """,
    },
    "in a function, against a cycle": {
        "shop/__init__.py": "",
        "shop/work.py": "from shop import routes\n" + SLOW,
        "shop/routes.py": "async def handler():\n    from shop.work import slow\n    slow()\n",
    },
    "named like a library": {
        "app/__init__.py": "",
        "app/redis.py": "import redis\nclient = redis.Redis()\n",
        "app/main.py": "from app.redis import client\nasync def handler():\n    client.get('k')\n",
    },
    "an alias of a dependency": {
        "deps.py": """
            from typing import Annotated
            from fastapi import Depends
            from sqlalchemy.orm import Session
            def get_db(): ...
            Db = Annotated[Session, Depends(get_db)]
        """,
        "main.py": """
            from fastapi import APIRouter
            from deps import Db
            router = APIRouter()
            @router.get("/")
            async def handler(db: Db):
                db.commit()
        """,
    },
}


@pytest.mark.parametrize("files", LAYOUTS.values(), ids=LAYOUTS)
def test_a_blocking_call_in_another_module_is_found(files: dict[str, str], tmp_path: Path) -> None:
    assert "LL101" in {one.code for one in found(tmp_path, files)}


def test_the_chain_leads_from_the_route_through_the_modules_to_the_call(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/store.py": "import requests\nclass Store:\n    def load(self):\n        return requests.get('http://x')\n",
        "shop/service.py": """
            from shop.store import Store
            class Service:
                def __init__(self, store: Store) -> None:
                    self.store = store
                async def orders(self):
                    return self.store.load()
        """,
        "shop/routes.py": """
            from typing import Annotated
            from fastapi import APIRouter, Depends
            from shop.service import Service
            router = APIRouter(prefix="/orders")
            @router.get("/{number}")
            async def read(number: int, service: Annotated[Service, Depends()]):
                return await service.orders()
        """,
        "shop/main.py": """
            from fastapi import FastAPI
            from shop.routes import router
            app = FastAPI()
            app.include_router(router, prefix="/api")
        """,
    }
    (one,) = [one for one in found(tmp_path, files) if one.code == "LL101"]
    assert one.route == "GET /api/orders/{number}"
    assert one.place == "request"
    assert [step.function for step in one.chain] == ["read", "Service.orders", "Store.load"]
    assert one.chain[-1].text == "return requests.get('http://x')"
    assert Path(one.path).name == "service.py"


def test_a_shadowed_route_is_told_of_where_it_is_added(tmp_path: Path) -> None:
    files = {
        "views.py": """
            async def user(user_id: int): ...


            async def batch(): ...
        """,
        "main.py": """
            from fastapi import FastAPI
            from views import batch, user
            app = FastAPI()
            app.add_api_route("/users/{user_id}", user)
            app.add_api_route("/users/batch", batch)
        """,
    }
    (one,) = found(tmp_path, files)
    assert (one.code, Path(one.path).name, one.line) == ("LL307", "main.py", 6)
    assert [(Path(step.path).name, step.line, step.text) for step in one.chain] == [
        ("main.py", 6, 'app.add_api_route("/users/batch", batch)')
    ]
    assert "line 5" in one.message
    assert (one.place, one.route) == ("request", "GET /users/batch")


def test_a_file_that_cannot_be_parsed_is_reported_and_the_others_are_checked(tmp_path: Path) -> None:
    files = {"broken.py": "def f(:\n", "null.py": "x = 1\0", "ok.py": SLOW + "async def g():\n    slow()\n"}
    codes = sorted(one.code for one in found(tmp_path, files))
    assert codes == ["LL001", "LL001", "LL101"]


@pytest.mark.parametrize("codes", ["", "[LL101]", "[LL205, LL101]"])
def test_a_comment_silences_a_finding_on_any_line_of_its_chain(codes: str, tmp_path: Path) -> None:
    comment = f"# loopline: ignore{codes}"
    work = f"import time\ndef slow():\n    time.sleep(1)  {comment}\n"
    assert found(tmp_path, {"a.py": work + "async def g():\n    slow()\n"}) == []
    assert found(tmp_path, {"a.py": SLOW + f"async def g():\n    slow()  {comment}\n"}) == []


def test_a_comment_for_another_code_silences_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, {"a.py": SLOW + "async def g():\n    slow()  # loopline: ignore[LL201]\n"})


def test_codes_and_paths_can_be_left_out(tmp_path: Path) -> None:
    files = {"a.py": SLOW + "async def g():\n    slow()\n"}
    assert found(tmp_path, files, Settings(ignore=("LL1",))) == []
    assert found(tmp_path, files, Settings(exclude=("*/a.py",))) == []


def test_recursion_and_cycles_end(tmp_path: Path) -> None:
    code = """
        def wrap(fn):
            return wrap(lambda: fn())
        def a(x): return b(x)
        def b(x): return a(x)
        class C(C): ...
        class D(E): ...
        class E(D): ...
        x = x
        y: "y" = y
        async def go(d: D, c: C):
            a(wrap(go)); d.run(); c.run(); return x, y
    """
    assert [one.code for one in found(tmp_path, {"a.py": code}) if one.code == "LL001"] == []


def test_a_task_that_the_lifespan_starts_is_not_startup(tmp_path: Path) -> None:
    code = """
        import asyncio, time
        from contextlib import asynccontextmanager
        from fastapi import FastAPI
        async def poll():
            time.sleep(1)
        async def warm():
            time.sleep(2)
        @asynccontextmanager
        async def lifespan(app):
            await warm()
            task = asyncio.create_task(poll())
            yield
            task.cancel()
        app = FastAPI(lifespan=lifespan)
    """
    places = {one.chain[-1].function: one.place for one in found(tmp_path, {"a.py": code}) if one.code == "LL101"}
    assert places == {"poll": "other", "warm": "startup"}


ONLY_POSSIBLE = {
    "remembered in a global": """
        from pathlib import Path
        _config = None
        def config():
            global _config
            if _config is None:
                _config = Path("x").read_text()
            return _config
        async def handler():
            return config()
    """,
    "remembered, with an early return": """
        from pathlib import Path
        _config = None
        def config():
            global _config
            if _config is not None:
                return _config
            text = "x"
            _config = Path(text).read_text()
            return _config
        async def handler():
            return config()
    """,
    "remembered in the class": """
        import requests
        class Store:
            _made = None
            @classmethod
            def made(cls):
                if not cls._made:
                    cls._made = requests.get("http://x")
                return cls._made
        async def handler():
            return Store.made()
    """,
    "remembered in a module's dict": """
        from pathlib import Path
        _texts = {}
        def text(name):
            if name not in _texts:
                _texts[name] = Path(name).read_text()
            return _texts[name]
        async def handler():
            return text("x")
    """,
    "one of several implementations": """
        import requests
        from typing import Protocol
        class Mail(Protocol):
            def post(self, text: str) -> None: ...
        class ByHttp:
            def post(self, text: str) -> None: requests.post("http://x", text)
        class ToLog:
            def post(self, text: str) -> None: print(text)
        async def handler(mail: Mail):
            mail.post("hello")
    """,
    "a process that is started": """
        import multiprocessing
        def work(): ...
        async def handler():
            multiprocessing.Process(target=work).start()
    """,
    "a retry with a wait": """
        from tenacity import retry, wait_fixed
        @retry(wait=wait_fixed(1))
        def load(): return 1
        async def handler():
            return load()
    """,
}


@pytest.mark.parametrize("code", ONLY_POSSIBLE.values(), ids=ONLY_POSSIBLE)
def test_what_often_does_not_wait_is_possible_and_not_certain(code: str, tmp_path: Path) -> None:
    assert {one.certain for one in found(tmp_path, {"a.py": code}) if one.code == "LL101"} == {False}


def test_an_implementation_in_the_tests_does_not_make_the_only_other_one_doubtful(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/mail.py": """
            import requests
            from typing import Protocol
            class Mail(Protocol):
                def post(self, text: str) -> None: ...
            class ByHttp:
                def post(self, text: str) -> None: requests.post("http://x", text)
            async def handler(mail: Mail):
                mail.post("hello")
        """,
        "tests/test_mail.py": "class Silent:\n    def post(self, text: str) -> None:\n        print(text)\n",
    }
    assert {one.certain for one in found(tmp_path, files)} == {True}


def test_nobody_waits_for_the_network_in_tests_that_replace_something(tmp_path: Path) -> None:
    call = "import requests\nasync def test_it():\n    requests.get('http://x')\n"
    files = {"tests/test_a.py": call, "tests/test_b.py": f"from unittest import mock\n{call}"}
    assert [Path(one.path).name for one in found(tmp_path, files)] == ["test_a.py"]


def test_what_only_may_wait_is_told_of_where_others_would_wait_too(tmp_path: Path) -> None:
    look = "import os\nfrom contextlib import asynccontextmanager\nfrom fastapi import FastAPI\n"
    look += "@asynccontextmanager\nasync def lifespan(app):\n    os.stat('a')\n    open('b')\n    yield\n"
    look += "app = FastAPI(lifespan=lifespan)\n@app.get('/')\nasync def index():\n    os.stat('c')\n"
    test = "import os\nasync def test_it():\n    os.stat('d')\n    open('e')\n"
    files = {"shop.py": look, "tests/test_shop.py": test}
    known = [(one.place, one.line, one.certain) for one in found(tmp_path, files)]
    assert known == [("request", 12, False), ("startup", 7, True), ("tests", 4, True)]


def test_what_is_made_once_is_told_of_on_the_command_line_though_a_lifespan_may_make_it_too(tmp_path: Path) -> None:
    kept = "import json\n_names = None\ndef names():\n    global _names\n    if _names is None:\n"
    kept += "        _names = json.load(open('names.json'))\n    return _names\n"
    app = "from contextlib import asynccontextmanager\nfrom fastapi import FastAPI\nfrom shop.kept import names\n"
    app += "@asynccontextmanager\nasync def lifespan(app):\n    if app.debug:\n        names()\n    yield\n"
    app += "app = FastAPI(lifespan=lifespan)\n"
    cli = "from shop.kept import names\nasync def show():\n    names()\n"
    files = {"shop/__init__.py": "", "shop/kept.py": kept, "shop/app.py": app, "shop/cli.py": cli}
    assert [(one.place, one.others) for one in found(tmp_path, files)] == [("command line", 1)]


def test_what_people_start_by_hand_is_the_command_line(tmp_path: Path) -> None:
    files = {"shop/__init__.py": "", "shop/cli/__init__.py": "", "shop/cli/admin.py": SLOW + "async def f(): slow()\n"}
    assert [one.place for one in found(tmp_path, files)] == ["command line"]


def test_if_each_of_several_implementations_blocks_the_call_does(tmp_path: Path) -> None:
    code = """
        import abc, requests, redis
        class Cache(abc.ABC):
            @abc.abstractmethod
            def get(self, key: str) -> str: ...
        class InRedis(Cache):
            def __init__(self) -> None: self.client = redis.Redis()
            def get(self, key: str) -> str: return self.client.get(key)
        class ByHttp(Cache):
            def get(self, key: str) -> str: return requests.get(key).text
        async def handler(cache: Cache):
            cache.get("x")
    """
    assert {one.certain for one in found(tmp_path, {"a.py": code})} == {True}


def test_what_forgets_a_global_is_not_what_remembers_it(tmp_path: Path) -> None:
    code = """
        import threading
        _thread: threading.Thread | None = None
        def stop():
            global _thread
            if _thread is not None:
                _thread.join(timeout=5)
                _thread = None
        async def handler():
            stop()
    """
    assert [(one.certain, one.sometimes) for one in found(tmp_path, {"a.py": code})] == [(False, True)]


def test_a_package_named_build_is_read_and_what_setuptools_has_built_is_not(tmp_path: Path) -> None:
    call = SLOW + "async def g():\n    slow()\n"
    files = {
        "pyproject.toml": "",
        "build/lib/shop.py": call,
        "build/bdist.linux-x86_64/shop.py": call,
        "env/pyvenv.cfg": "",
        "env/lib/python3.13/other.py": call,
        "conda/conda-meta/history": "",
        "conda/lib/other.py": call,
        "src/node_modules/gyp.py": call,
        "src/shop/build/steps.py": call,
        "src/shop/build/lib/tools.py": call,
        "src/shop/env/names.py": call,
        "src/shop/dist/rates.py": call,
    }
    paths = sorted(Path(one.path).relative_to(tmp_path).as_posix() for one in found(tmp_path, files))
    assert paths == [
        "src/shop/build/lib/tools.py",
        "src/shop/build/steps.py",
        "src/shop/dist/rates.py",
        "src/shop/env/names.py",
    ]


def test_a_lock_that_another_module_holds_for_long_is_not_brief(tmp_path: Path) -> None:
    files = {
        "shop/__init__.py": "",
        "shop/kept.py": "import threading\nlock = threading.Lock()\ndef size():\n    with lock:\n        return 1\n",
        "shop/routes.py": "from shop.kept import size\nasync def handler():\n    size()\n",
    }
    assert found(tmp_path, files) == []
    files["shop/load.py"] = (
        "import time\nfrom shop.kept import lock\ndef load():\n    with lock:\n        time.sleep(9)\n"
    )
    assert [(one.path.endswith("routes.py"), one.line) for one in found(tmp_path, files)] == [(True, 3)]
