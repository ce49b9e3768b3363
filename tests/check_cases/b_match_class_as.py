import time
class A:
    def go(self): time.sleep(1)
class B:
    def go(self): return 1
async def handler(x):
    match x:
        case A() as a:
            a.go()  # error: LL101
        case B() as b:
            b.go()
