from contextlib import AsyncExitStack, asynccontextmanager
@asynccontextmanager
async def opened():
    yield 1
async def handler():
    async with AsyncExitStack() as stack:
        return await stack.enter_async_context(opened())
