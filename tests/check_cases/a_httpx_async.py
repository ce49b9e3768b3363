import httpx
async def handler():
    async with httpx.AsyncClient() as client:
        answer = client.get("http://x")
        return answer.json()  # error: LL205
