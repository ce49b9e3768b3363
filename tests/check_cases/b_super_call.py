import time
class Base:
    def load(self):
        time.sleep(1)
class Child(Base):
    def load(self):
        return super().load()
async def handler(child: Child):
    child.load()  # error: LL101
