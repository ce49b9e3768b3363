import functools, socket
from pathlib import Path
def audit(name, key=None, mode="full"):
    if key is not None:
        Path(key).read_text()
    if mode == "full":
        return name
    return Path(name).read_text()
def resolve(host, *, dns: bool = True):
    return socket.getaddrinfo(host, None) if dns else False
class Job:
    def key(self, per_replica: int):
        if per_replica < 2:
            return None
        return Path("key").read_text()
async def handler(name, options: dict):
    audit(name, key=name)  # error: LL101
    audit(name, mode="quick")  # error: LL101
    audit(name, **options)  # error: LL101
    functools.partial(audit, key=name)(name)  # error: LL101
    resolve(name)  # error: LL101
    Job().key(2)  # error: LL101
