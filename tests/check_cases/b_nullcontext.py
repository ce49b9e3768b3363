import time
from contextlib import aclosing, nullcontext
class Source:
    def read(self): time.sleep(1)
async def handler():
    with nullcontext(Source()) as source:
        source.read()  # error: LL101
    async with aclosing(Source()) as source:
        source.read()  # error: LL101
