import functools
from pathlib import Path
@functools.cache
def policy():
    return ""
class File:
    @functools.cached_property
    def data(self):
        return Path("x").read_bytes()
    @property
    def size(self):
        return len(self.data)
    async def create(self):
        return self.size  # error: LL101
async def fetch(offline=False):
    if offline:
        return loaded()  # error: LL101
    return policy()
@functools.cache
def loaded():
    return Path("x").read_text()
async def handler(file: File):
    await file.create()
    await fetch(True)
    return file.data, loaded()
async def other(file: File, one: File):
    await one.create()
    if one:
        await fetch(True)
    file.data  # error: LL101
    return loaded()  # error: LL101
