import time
from dataclasses import dataclass
class Store:
    def save(self):
        time.sleep(1)
@dataclass
class Service:
    store: Store
    async def save(self):
        self.store.save()  # error: LL101
