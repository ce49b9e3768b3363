class Registry:
    def get(self, key): return key
    def execute(self, text): return text
async def handler():
    registry = Registry()
    registry.execute("x")
    return registry.get("x")
