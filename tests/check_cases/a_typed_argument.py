def show(text: str) -> None: ...
async def name() -> str: return "x"
async def handler():
    show(name())  # error: LL207
