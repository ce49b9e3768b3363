import threading
ready = threading.Condition()
async def handler():
    with ready:  # error: LL101
        ready.wait()  # error: LL101
