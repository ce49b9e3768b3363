import json
async def fetch(): return 1
async def handler():
    return json.dumps([1, fetch()])  # error: LL207
