import time
from typing import Protocol
class Sender(Protocol):
    def send(self, text: str) -> None: ...
class Mail:
    def send(self, text: str) -> None:
        time.sleep(1)
class Notifier:
    def __init__(self, sender: Sender) -> None:
        self._sender = sender
    async def notify(self) -> None:
        self._sender.send("x")  # error: LL101
