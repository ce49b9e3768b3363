import time
class A:
    def go(self): time.sleep(1)
class C:
    def go(self): time.sleep(2)
async def handler(x):
    match x:
        case (A() | C()) as one, _:
            one.go()  # error: LL101
        case [*_, last] if isinstance(last, A):
            last.go()  # error: LL101
