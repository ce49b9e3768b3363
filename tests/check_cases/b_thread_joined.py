from threading import Thread
def work(): ...
async def start():
    worker = Thread(target=work)
    worker.start()
    worker.join()  # error: LL101
