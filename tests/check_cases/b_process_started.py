import multiprocessing
def work(): ...
async def handler():
    multiprocessing.Process(target=work).start()  # error: LL101
