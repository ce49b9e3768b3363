"""In tests the check leaves out what they replace, and what is small because they made it up."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from loopline.check import check

SHOP = """
    import subprocess
    import requests
    from bs4 import BeautifulSoup
    class Client:
        def get(self):
            return subprocess.check_output(["shop"])
    def version():
        return subprocess.check_output(["version"])
    def rate():
        return requests.get("http://rate").json()
    def install(client: Client):
        return client.get()
    def described(client: Client):
        return version()
    class Remote:
        def key(self):
            return requests.get("http://key").content
    class Local:
        def key(self):
            return b""
    def provider(production):
        return Remote() if production else Local()
    def key():
        return provider(False).key()
    def titles(page):
        return BeautifulSoup(page, "html.parser").find_all("h1")
"""


def lines(folder: Path, test: str, conftest: str = "") -> list[str]:
    """Return the lines of a test on which something is found."""
    folder.joinpath("shop.py").write_text(dedent(SHOP))
    folder.joinpath("conftest.py").write_text(dedent(conftest))
    file = folder / "test_shop.py"
    file.write_text(dedent(test))
    found = [one for one in check([folder]).findings if one.path.endswith("test_shop.py")]
    return [file.read_text().splitlines()[one.line - 1].strip() for one in found]


MOCKED = {
    "by its annotation": """
        from unittest.mock import Mock
        from shop import install
        async def test_it(client: Mock):
            install(client)
        """,
    "made here": """
        from unittest.mock import MagicMock
        from shop import Client, install
        async def test_it():
            client = MagicMock(spec=Client)
            install(client)
            install(client=MagicMock())
        """,
    "by its fixture": """
        import pytest
        from unittest.mock import Mock
        from shop import Client, install
        @pytest.fixture
        def client():
            return Mock(spec_set=Client)
        async def test_it(client):
            install(client)
        """,
    "by a shared fixture": """
        from shop import install
        async def test_it(shared):
            install(shared)
        """,
    "by pytest-mock": """
        from pytest_mock import MockerFixture
        from shop import install
        async def test_it(mocker: MockerFixture):
            install(mocker.MagicMock())
        """,
}
SHARED = """
    import pytest
    from unittest.mock import create_autospec
    from shop import Client
    @pytest.fixture
    def shared():
        yield create_autospec(Client)
"""


@pytest.mark.parametrize("test", MOCKED.values(), ids=MOCKED.keys())
def test_a_mock_is_not_what_its_parameter_says(tmp_path: Path, test: str) -> None:
    assert lines(tmp_path, test, SHARED) == []


def test_what_is_no_mock_is_found(tmp_path: Path) -> None:
    test = """
        import pytest
        from unittest.mock import Mock
        from shop import Client, install
        @pytest.fixture
        def client():
            return Client()
        async def test_it(client, other=None):
            install(client)
            install(Client())
            install(Mock() if other else Client())
        """
    assert lines(tmp_path, test) == ["install(client)", "install(Client())", "install(Mock() if other else Client())"]


PATCHED = {
    "with patch": """
        from unittest.mock import patch
        from shop import Client, described
        async def test_it():
            with patch("shop.version", return_value="1"):
                described(Client())
        """,
    "with monkeypatch": """
        import shop
        async def test_it(monkeypatch):
            monkeypatch.setattr(shop, "version", lambda: "1")
            shop.described(shop.Client())
        """,
    "in a fixture": """
        import pytest, shop
        @pytest.fixture
        def known(monkeypatch):
            monkeypatch.setattr("shop.version", lambda: "1")
        async def test_it(known):
            shop.described(shop.Client())
        """,
    "in a fixture that its class asks for": """
        import pytest, shop
        class TestBase:
            @pytest.fixture
            def known(self, monkeypatch):
                monkeypatch.setattr("shop.version", lambda: "1")
        @pytest.mark.usefixtures("known")
        class TestShop(TestBase):
            async def test_it(self):
                shop.described(shop.Client())
        """,
    "in a fixture that its module asks for": """
        import pytest, shop
        pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("known")]
        @pytest.fixture
        def known(monkeypatch):
            monkeypatch.setattr(shop, "version", lambda: "1")
        async def test_it():
            shop.described(shop.Client())
        """,
    "in a fixture that every test gets": """
        import pytest, shop
        @pytest.fixture(autouse=True)
        def known(monkeypatch):
            monkeypatch.setattr(shop, "version", lambda: "1")
        async def test_it():
            shop.described(shop.Client())
        """,
    "with an assignment": """
        import shop
        async def test_it():
            shop.version = lambda: "1"
            shop.described(shop.Client())
        """,
    "with another dependency": """
        from shop import Client, described, version
        async def test_it(app):
            app.dependency_overrides[version] = lambda: "1"
            described(Client())
        """,
    "what makes what blocks": """
        from unittest import mock
        from shop import rate
        @mock.patch("requests.Session.request")
        async def test_it(request):
            rate()
        """,
    "what blocks": """
        from unittest import mock
        from shop import Client, described
        @mock.patch("subprocess.check_output")
        async def test_it(check_output):
            described(Client())
        """,
}


@pytest.mark.parametrize("test", PATCHED.values(), ids=PATCHED.keys())
def test_what_a_test_replaces_does_not_run(tmp_path: Path, test: str) -> None:
    assert lines(tmp_path, test) == []


@pytest.mark.parametrize("mark", ["skip", "skip(reason='slow')", "skipif(True, reason='slow')"])
def test_a_test_that_never_runs_is_left_out(tmp_path: Path, mark: str) -> None:
    test = f"""
        import pytest
        from shop import key, version
        @pytest.mark.{mark}
        async def test_it():
            version()
        @pytest.mark.skipif(version(), reason="perhaps")
        async def test_other():
            version()
        """
    assert lines(tmp_path, test) == ["version()"]


SKIPPING = 'pytest.skip("by hand only", allow_module_level=True)'
SKIPS = {"always": (SKIPPING, []), "perhaps": (f"if version(): {SKIPPING}", ["version()"])}


@pytest.mark.parametrize(("skip", "found"), SKIPS.values(), ids=SKIPS.keys())
def test_a_module_of_tests_that_skips_itself_is_left_out(tmp_path: Path, skip: str, found: list[str]) -> None:
    test = f"""
        import pytest
        from shop import version
        {skip}
        async def test_it():
            version()
        """
    assert lines(tmp_path, test) == found


def test_computing_that_may_take_long_takes_none_with_what_a_test_makes_up(tmp_path: Path) -> None:
    test = """
        from shop import titles
        async def test_it(client):
            titles((await client.get("/")).text)
        async def helper(page):
            return titles(page)
        """
    assert lines(tmp_path, test) == []


def test_computing_on_documents_that_a_test_makes_up_takes_no_time(tmp_path: Path) -> None:
    test = """
        import io
        import bcrypt
        from pypdf import PdfReader
        from docx import Document
        def text(data):
            return PdfReader(io.BytesIO(data)).pages[0].extract_text()
        async def test_it():
            PdfReader(io.BytesIO(b"%PDF"))
            text(b"%PDF")
            Document()
            bcrypt.hashpw(b"x", b"y")
        async def made():
            return text(b"%PDF")
        """
    assert lines(tmp_path, test) == ["Document()", 'bcrypt.hashpw(b"x", b"y")', 'return text(b"%PDF")']


def test_what_another_test_replaces_runs(tmp_path: Path) -> None:
    test = """
        from unittest.mock import patch
        from shop import Client, described
        async def test_one():
            with patch("shop.version", return_value="1"), patch("shop.install"):
                pass
        async def test_other():
            with patch("shop.install"):
                described(Client())
        """
    assert lines(tmp_path, test) == ["described(Client())"]


def test_of_several_implementations_tests_get_the_one_that_does_not_block(tmp_path: Path) -> None:
    test = """
        from shop import Remote, key
        async def test_it():
            key()
            Remote().key()
        """
    assert lines(tmp_path, test) == ["Remote().key()"]


def test_what_one_test_changes_in_its_object_is_not_changed_in_another(tmp_path: Path) -> None:
    test = """
        import time
        from pydantic import BaseModel
        class Request(BaseModel):
            descending: bool = False
        def poll(request: Request):
            if request.descending:
                return 1
            return time.sleep(1)
        async def test_one():
            poll(Request(descending=True))
        async def test_other():
            request = Request(descending=True)
            request.descending = False
            return poll(request)
        """
    assert lines(tmp_path, test) == ["return poll(request)"]


def test_what_a_with_statement_replaces_is_itself_again_after_it(tmp_path: Path) -> None:
    test = """
        import os
        from unittest.mock import patch
        import pytest
        async def test_within():
            with patch("os.system", return_value=[]):
                os.system("within")
            return os.system("after")
        async def test_twice():
            with patch("os.system", return_value=[]):
                os.system("once")
            with pytest.raises(ValueError), patch("os.system"):
                os.system("twice")
        @patch("os.system")
        async def test_all_the_time(system):
            with patch("os.system", return_value=[]):
                os.system("within")
            os.system("after")
        async def test_to_the_end(monkeypatch):
            with patch("os.getcwd"):
                os.getcwd()
            monkeypatch.setattr(os, "system", lambda path: [])
            os.system("after")
        @pytest.fixture
        def no_files():
            with patch("os.system", return_value=[]):
                yield
        async def test_by_a_fixture(no_files):
            with patch("os.system", return_value=[]):
                os.system("within")
            os.system("after")
        """
    assert lines(tmp_path, test) == ['return os.system("after")']


def test_what_is_expected_to_fail_does_not_come_as_far(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(dedent(SHOP))
    code = """
        import time
        import pytest
        from shop import rate, version
        async def test_version():
            with pytest.raises(ValueError):
                version()
            with pytest.raises(TimeoutError):
                time.sleep(2)
            version()
    """
    (tmp_path / "test_shop.py").write_text(dedent(code))
    assert [one.line for one in check([tmp_path]).findings] == [9, 10]
