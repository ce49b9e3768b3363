from functools import partial
from time import sleep
pause = partial(sleep, 2)
async def handler():
    pause()  # error: LL101
