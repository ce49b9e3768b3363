async def more(): return False
async def handler():
    while more():  # error: LL205
        pass
