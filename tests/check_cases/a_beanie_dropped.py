from beanie import Document
class Doc(Document): ...
async def handler():
    Doc.find_one({})  # error: LL201
    Doc.find_one({"a": 1}).update({"$set": {"a": 2}})  # error: LL201
    return await Doc.find_one({})
