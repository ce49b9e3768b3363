from typing import Protocol
class Sender(Protocol):
    async def send(self, text: str) -> None: ...
async def handler(sender: Sender):
    sender.send("x")  # error: LL201
