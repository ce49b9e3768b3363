import asyncio
tasks: dict[str, list[asyncio.Task]] = {}
def running(name) -> list[asyncio.Task]:
    return [one for one in tasks.get(name, []) if not one.done()]
async def stop(name):
    await asyncio.gather(*[one for one in running(name)])
    await asyncio.gather(*(one for one in tasks[name] if not one.done()))
