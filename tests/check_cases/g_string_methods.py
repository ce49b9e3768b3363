async def handler(name: str):
    return name.strip().format(x=1).join(["a"])
