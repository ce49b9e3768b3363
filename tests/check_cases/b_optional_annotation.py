import time
from typing import Optional
class Repo:
    def load(self): time.sleep(1)
class Service:
    repo: Optional[Repo] = None
    async def go(self):
        if self.repo:
            self.repo.load()  # error: LL101
