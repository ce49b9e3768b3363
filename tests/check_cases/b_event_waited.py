import threading
class Gate:
    def __init__(self):
        self._open = threading.Event()
    async def passes(self):
        self._open.wait()  # error: LL101
