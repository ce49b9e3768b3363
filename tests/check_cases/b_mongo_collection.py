from pymongo import MongoClient
client = MongoClient()
users = client.shop.users
async def handler():
    return [user for user in users.find({})]  # error: LL101
