import importlib
async def async_noop(*_): ...
def noop(*_): ...
def fetch_or_noop(module, name):
    if module:
        return getattr(importlib.import_module(module), name)
    return async_noop
def maybe(found, name):
    if name in found:
        return found[name]
    return async_noop(name)
def handler_sync(user):
    fetch_or_noop("x", "y")(user)
    result = fetch_or_noop("x", "z")(user)
    return result.available
async def handler(found):
    if maybe(found, "x"):
        return 1
    return maybe(found, "y").name
