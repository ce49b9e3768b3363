import threading
import time
from contextlib import contextmanager
import requests
_lock = threading.Lock()
_brief = threading.Lock()
_known = {}
def load(key):
    with _lock:
        if key not in _known:
            _known[key] = requests.get(key).text
        return _known[key]
def forget(key):
    with _lock:
        _known.pop(key, None)
def count():
    with _brief:
        return len(_known)
class Store:
    def __init__(self):
        self._lock = threading.RLock()
        self._items = []
        self._brief = threading.Lock()
        self._handed = threading.Lock()
    def put(self, item):
        with self._lock:
            self._items.append(item)
    def size(self):
        with self._brief:
            return len(self._items)
    def first(self):
        with self._brief:
            return self._one()
    def _one(self):
        return self._items[0]
    @contextmanager
    def locked(self):
        with self._handed:
            yield self._items
    def last(self):
        with self._handed:
            return self._items[-1]
class Slow(Store):
    def flush(self):
        with self._lock:
            self._write()
    def _write(self):
        time.sleep(1)
async def handler(store: Store):
    forget("x")  # error: LL101
    count()
    store.put("x")  # error: LL101
    store.size()
    store.first()
    store.last()  # error: LL101
    with _brief:  # error: LL101
        pass
