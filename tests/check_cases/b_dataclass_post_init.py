import time
from dataclasses import dataclass
@dataclass
class Order:
    number: int
    def __post_init__(self):
        time.sleep(1)
async def handler():
    return Order(1)  # error: LL101
