import time
def first(): time.sleep(1)
def second(): ...
HANDLERS = [first, second]
async def handler():
    for one in HANDLERS:
        one()  # error: LL101
