class Base:
    async def save(self): ...
class Child(Base):
    async def save(self):
        super().save()  # error: LL201
