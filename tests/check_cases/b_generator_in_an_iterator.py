from itertools import chain, islice, pairwise, zip_longest
from pathlib import Path
from typing import Iterator
folder = Path("sockets")
def names() -> Iterator[str]:
    for one in list(folder.glob("*.sock")):
        yield one.name
async def numbered():
    for number, name in enumerate(names(), start=1):  # error: LL101
        print(number, name)
async def beside():
    for one, other in zip(names(), range(3)):  # error: LL101
        print(one, other)
async def behind():
    return dict(zip(range(3), names()))  # error: LL101
async def changed():
    return [one for one in map(str.upper, names())]  # error: LL101
async def chosen():
    return list(filter(None, names()))  # error: LL101
async def in_a_row():
    for name in chain(["a"], names()):  # error: LL101
        print(name)
async def few():
    return list(islice(names(), 3))  # error: LL101
async def padded():
    return list(zip_longest(names(), "ab"))  # error: LL101
async def in_pairs():
    return list(pairwise(names()))  # error: LL101
async def of_what_is_there(given: list[str]):
    return list(zip(given, map(str.upper, filter(None, enumerate(given)))))
