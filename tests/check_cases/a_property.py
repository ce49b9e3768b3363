class Box:
    @property
    async def value(self): return 1
async def handler(box: Box):
    return box.value + 1  # error: LL205
