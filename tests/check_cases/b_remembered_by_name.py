import threading
from pathlib import Path
_cache = {}
_lock = threading.Lock()
_is_ready = False
_is_busy = False
def named(name):
    with _lock:  # it may be held by another thread, which reads
        found = _cache.get(name)
        if found is not None:
            return found
        text = Path(name).read_text()
        _cache[name] = text
        return text
def walrus(name):
    if found := _cache.get(name):
        return found
    _cache[name] = Path(name).read_text()
    return _cache[name]
def prepare():
    global _is_ready
    if _is_ready:
        return
    Path("x").write_text("")
    _is_ready = True
def work():
    global _is_busy
    if _is_busy:
        return
    _is_busy = True
    Path("x").write_text("")
    _is_busy = False
class Store:
    def text(self, name):
        found = self.texts.get(name)
        if not found:
            found = Path(name).read_text()
            self.texts[name] = found
        return found
async def handler(store: Store):
    named("x")  # error: LL101
    walrus("y")  # error: LL101
    prepare()  # error: LL101
    work()  # error: LL101
    store.text("x")  # error: LL101
    walrus("y")
    prepare()
    work()  # error: LL101
class Server:
    _is_over = False
    def stop(self):
        if self._is_over:
            return
        Path("x").write_text("")
        Path("y").write_text("")
        self._is_over = True
    async def aclose(self):
        if self._is_over:
            return
        Path("x").write_text("")  # error: LL101
        Path("y").write_text("")  # error: LL101
        self._is_over = True
async def served(server: Server):
    server.stop()  # error: LL101
    server.stop()
