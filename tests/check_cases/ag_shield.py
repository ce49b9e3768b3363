import asyncio
async def save(): ...
async def handler():
    await asyncio.shield(save())
