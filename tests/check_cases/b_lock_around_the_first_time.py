import threading
import time
lock = threading.Lock()
_clients = {}
_is_ready = False
_client = None
def prepare():
    global _is_ready
    if _is_ready:
        return
    with lock:
        if not _is_ready:
            _is_ready = True
def client(url):
    found = _clients.get(url)
    if found is not None:
        return found
    with lock:
        _clients[url] = object()
        return _clients[url]
def single():
    global _client
    if _client is None:
        with lock:
            _client = object()
    return _client
def always(url):
    with lock:
        if url not in _clients:
            _clients[url] = object()
        return _clients[url]
def refresh():
    with lock:
        time.sleep(1)
async def handler():
    prepare()
    client("x")
    single()
    always("x")  # error: LL101
