import httpx
def whole_body():
    with httpx.stream("GET", "http://x") as response:  # not here: in the line that calls it
        return response.read()
async def handler():
    return whole_body()  # error: LL101
