from time import sleep as pause
async def handler():
    pause(1)  # error: LL101
