async def options(): return {}
async def handler():
    return {**options(), "a": 1}  # error: LL205
