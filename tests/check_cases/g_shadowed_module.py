async def handler(time, requests):
    time.sleep(1)
    requests.get("x")
