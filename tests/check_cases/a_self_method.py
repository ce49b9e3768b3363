class Service:
    async def load(self): return 1
    async def go(self):
        return {"x": 1} if self.load() else None  # error: LL205
