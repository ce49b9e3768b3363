import requests
async def handler():
    if (answer := requests.get("http://x")).ok:  # error: LL101
        return answer.text
