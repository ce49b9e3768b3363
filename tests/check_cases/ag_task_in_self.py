import asyncio
class Worker:
    async def run(self): ...
    def start(self):
        self.task = asyncio.create_task(self.run())
