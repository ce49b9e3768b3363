import time
class Repo:
    def load(self): time.sleep(1)
class Service:
    def __init__(self, repo):
        self.repo = repo
    async def first(self):
        return self.repo.load() if isinstance(self.repo, Repo) else None  # error: LL101
    async def second(self, repo):
        if isinstance(repo, Repo) and repo.load():  # error: LL101
            return 1
