from threading import Thread
async def work(): ...
def start():
    Thread(target=work).start()  # error: LL207
