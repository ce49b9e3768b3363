import time
async def handler(word):
    match word:
        case "wait":
            time.sleep(1)  # error: LL101
        case _:
            return word
