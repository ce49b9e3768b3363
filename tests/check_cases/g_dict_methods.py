CACHE: dict[str, str] = {}
async def handler(options: dict):
    CACHE.get("x")
    options.get("y")
    CACHE.update({"a": "b"})
