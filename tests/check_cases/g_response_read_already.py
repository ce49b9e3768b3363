import httpx
async def handler(client: httpx.AsyncClient):
    response = await client.get("http://x")
    return response.read()
