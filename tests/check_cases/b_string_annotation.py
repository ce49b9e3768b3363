import time
class Service:
    async def go(self, repo: "Repo"):
        repo.load()  # error: LL101
class Repo:
    def load(self):
        time.sleep(1)
