import requests
class Base:
    @property
    def token(self):
        return requests.post("http://auth").text
class Child(Base): ...
async def handler(child: Child):
    return child.token  # error: LL101
