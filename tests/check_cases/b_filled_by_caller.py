import functools
from pathlib import Path
@functools.lru_cache
def settings():
    return Path(".env").read_text()
_key = None
def key():
    global _key
    if _key is None:
        _key = Path("key").read_text()
    return _key
class File:
    _lines = None
    @functools.cached_property
    def data(self):
        return Path("x").read_bytes()
    def lines(self):
        if self._lines is None:
            self._lines = Path("x").read_text().split()
        return self._lines
    def size(self):
        return len(self.data) + len(self.lines())
    async def send(self):
        return self.size(), self.data
    async def sign(self):
        return self.size()  # error: LL101
def signed():
    return settings(), key()
async def inner():
    return signed()
async def outer():
    settings()  # error: LL101
    key()  # error: LL101
    return await inner()
async def shared():
    return signed()  # error: LL101
async def first():
    settings()  # error: LL101
    return await shared()
async def second():
    return await shared()
async def handler(file: File):
    file.size()  # error: LL101
    await file.send()
async def twice(file: File, other: File):
    file.data  # error: LL101
    file.lines()  # error: LL101
    await other.sign()
    return file.lines()
async def in_handlers():
    try:
        settings()  # error: LL101
    except ValueError:
        settings()  # error: LL101
    finally:
        settings()  # error: LL101
class Batch:
    files = None
    def format(self):
        if self.files:
            self.files = [Path(one).read_text() for one in self.files]
    def checked(self):
        if self.files:
            self.files = [one for one in self.files if Path(one).read_text()]
    async def run(self):
        try:
            self.format()  # error: LL101
        except ValueError:
            return None
        return self.checked()  # error: LL101
