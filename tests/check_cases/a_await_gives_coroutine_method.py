class Store:
    async def rows(self): return []
    async def listed(self): return self.rows()
    async def first(self):
        for row in await self.listed():  # error: LL205
            return row
        if await self.listed():  # error: LL205
            return None
