import json
async def data(): return {}
async def handler():
    return json.dumps(data())  # error: LL207
