import functools, requests
class Remote:
    @functools.cached_property
    def config(self):
        return requests.get("http://config").json()
    async def name(self):
        return self.config["name"]  # error: LL101
