import asyncio
import functools
from pathlib import Path
from starlette.concurrency import run_in_threadpool
@functools.cache
def loaded():
    return Path("x").read_text()
@functools.lru_cache
def words(language):
    return Path(language).read_text()
_config = None
def config():
    global _config
    if _config is None:
        _config = Path("x").read_text()
    return _config
async def handler():
    await asyncio.to_thread(loaded)
    await run_in_threadpool(words, "de")
    await asyncio.get_running_loop().run_in_executor(None, config)
    return loaded(), words("de"), config()
async def other(offline):
    task = asyncio.create_task(asyncio.to_thread(loaded))
    if offline:
        await asyncio.to_thread(config)
    await run_in_threadpool(words, "de")
    loaded()  # error: LL101
    words("fr")  # error: LL101
    config()  # error: LL101
    await task
