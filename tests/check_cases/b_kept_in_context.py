import hashlib
from contextvars import ContextVar
_client: ContextVar[object | None] = ContextVar("client", default=None)
_key: ContextVar[bytes | None] = ContextVar("key", default=None)
_session: ContextVar[object | None] = ContextVar("session", default=None)
def slow():
    return hashlib.pbkdf2_hmac("sha256", b"x", b"y", 100_000)
_made = None
def client(named):
    global _made
    if named:
        found = _client.get()
        if found is None:
            found = slow()
        _client.set(found)
        return found
    found = _client.get()
    if found is None:
        found = _made
        if found is None:
            found = _made = slow()
    _client.set(found)
    return found
def key():
    if (known := _key.get()) is not None:
        return known
    known = slow()
    _key.set(known)
    return known
def session():
    if _session.get() is None:
        _session.set(slow())
    return _session.get()
def close():
    _client.set(None)
    _key.set(None)
def page(name):
    return client(name)
async def handler(name):
    try:
        page(name)  # error: LL101
    except ValueError:
        return None
    return client(name)
async def signed():
    key()  # error: LL101
    return key()
async def twice():
    session()  # error: LL101
    session()
async def closed(name):
    client(name)  # error: LL101
    close()
    client(name)  # error: LL101
async def in_turns(names):
    key()  # error: LL101
    for name in names:
        key()  # error: LL101
        close()
async def by_factory(name):
    page(name)  # error: LL101
    def result():
        return client(name)
    return result()
async def swallowed(name):
    try:
        page(name)  # error: LL101
    except ValueError:
        pass
    return client(name)  # error: LL101
async def other():
    key()  # error: LL101
