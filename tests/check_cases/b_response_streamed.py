import httpx
def handler_helper():
    with httpx.stream("GET", "http://x") as response:  # not here: in the line that calls it
        return response.read()
async def handler():
    return handler_helper()  # error: LL101
