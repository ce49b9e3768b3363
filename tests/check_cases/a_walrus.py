async def load(): return None
async def handler():
    if data := load():  # error: LL205
        return data
