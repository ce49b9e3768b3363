import inspect
async def handler(callback):
    result = callback()
    if inspect.isawaitable(result):
        result = await result
    return result
