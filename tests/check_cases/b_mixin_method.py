import requests
class HttpMixin:
    def call(self, url):
        return requests.get(url)
class Users(HttpMixin):
    async def find(self, number):
        return self.call(f"/users/{number}")  # error: LL101
