import time
class A:
    def go(self): time.sleep(1)
class B:
    def go(self): return 1
async def handler(x):
    match x:
        case A():
            return x.go()  # error: LL101
        case B():
            return x.go()
        case _:
            return None
