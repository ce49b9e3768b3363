from pathlib import Path
_config = None
_cache = {}
def config():
    global _config
    if _config is None:
        _config = Path("x").read_text()
    return _config
def client():
    global _config
    if _config is not None:
        return _config
    _config = Path("x").read_text()
    return _config
def named(name):
    if name not in _cache:
        _cache[name] = Path(name).read_text()
    return _cache[name]
async def handler():
    config()  # error: LL101
    client()  # error: LL101
    named("x")  # error: LL101
