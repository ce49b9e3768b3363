from passlib.context import CryptContext
class Passwords:
    def __init__(self):
        self._context = CryptContext(schemes=["argon2"])
    def check(self, plain, stored):
        return self._context.verify(plain, stored)
class Login:
    def __init__(self, passwords: Passwords):
        self.passwords = passwords
    async def login(self, name, word):
        return self.passwords.check(word, name)  # error: LL101
