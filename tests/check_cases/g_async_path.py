import anyio
async def handler():
    path = anyio.Path("x")
    await path.write_text("y")
    async with await anyio.open_file("x") as file:
        return await file.read()
