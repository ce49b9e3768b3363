import inspect
from somewhere import unknown
async def numbers():
    yield 1
def letters():
    yield "a"
async def first(streamed):
    if streamed:
        made = numbers()
    else:
        made = unknown()
    if streamed:
        async for one in made: print(one)
    else:
        for one in made: print(one)
async def second(streamed):
    made = numbers() if streamed else unknown()
    if inspect.isasyncgen(made):
        async for one in made: print(one)
    else:
        for one in made: print(one)
async def third():
    made = numbers()
    if not hasattr(made, "__aiter__"):
        for one in made: print(one)
