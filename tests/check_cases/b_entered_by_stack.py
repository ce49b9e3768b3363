import time
from contextlib import ExitStack, contextmanager
class Connection:
    def read(self): time.sleep(1)
@contextmanager
def connect():
    time.sleep(1)
    yield Connection()
class Pool:
    def __enter__(self): return Connection()
    def __exit__(self, *_): ...
async def handler():
    with ExitStack() as stack:
        first = stack.enter_context(connect())  # error: LL101
        first.read()  # error: LL101
        stack.enter_context(Pool()).read()  # error: LL101
