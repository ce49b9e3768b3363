import time
from typing import Generic, TypeVar
M = TypeVar("M")
class Repository(Generic[M]):
    def find(self) -> M: ...
class User:
    def greet(self): time.sleep(1)
class Users(Repository[User]): ...
async def handler(users: Users):
    users.find().greet()  # error: LL101
