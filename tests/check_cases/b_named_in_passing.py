import re
from pathlib import Path
async def in_a_test(value: str | None):
    if value and (path := Path(value)).suffix:
        if path.stat().st_size:  # error: LL101
            return 1
        path.unlink()  # error: LL101
async def in_an_argument(value: str):
    print(target := Path(value))
    return target.exists()  # error: LL101
async def in_a_keyword(value: str):
    def save(target: Path): ...
    save(target=(target := Path(value) / "x"))
    assert not target.exists()  # error: LL101
async def in_a_loop(names: list[str]):
    while path := Path(names.pop()):
        path.unlink()  # error: LL101
async def in_a_comprehension(names: list[str]):
    if any((found := Path(name)).suffix == ".log" for name in names):
        return found.read_text()  # error: LL101
async def in_a_guard(value: str):
    match value:
        case str() if (path := Path(value)).suffix:
            return path.read_bytes()  # error: LL101
async def after_all(value: str):
    if not (path := Path(value)).name:
        return None
    return path.read_text()  # error: LL101
async def in_a_lambda(value: str, key):
    path = re.compile(value)
    key(lambda: (path := Path(value)))
    return path.match("x")
