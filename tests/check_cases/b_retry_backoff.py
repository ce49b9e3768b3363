import backoff
class Client:
    @backoff.on_exception(backoff.expo, ValueError, max_tries=4)
    def load(self): return 1
async def handler(client: Client):
    return client.load()  # error: LL101
