async def ok(): return True
async def handler():
    return "yes" if ok() else "no"  # error: LL205
