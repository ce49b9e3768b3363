from acme_sdk import AcmeClient
client = AcmeClient(token="t")
async def handler():
    return client.get("/things")  # error: LL101
