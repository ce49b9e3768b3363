import time
class Repo:
    def load(self): time.sleep(1)
class Service:
    def __init__(self, repo):
        self.repo = repo
    async def go(self):
        self.repo.load()  # error: LL101
service = Service(Repo())
