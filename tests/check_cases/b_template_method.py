import time
from abc import ABC, abstractmethod
class Job(ABC):
    async def run(self):
        self.before()  # error: LL101
    @abstractmethod
    def before(self): ...
class Import(Job):
    def before(self):
        time.sleep(3)
