import socket
from pathlib import Path
def seen(key):
    return Path(key).exists()
def audit(name, key=None, mode="quick"):
    if key is not None and not seen(key):
        return False
    if mode == "full":
        Path(name).read_text()
    return name
def resolve(host, *, dns: bool = False):
    return checked(host, dns=dns)
def checked(host, dns):
    return bool(socket.getaddrinfo(host, None)) if dns else False
class Job:
    def key(self, per_replica: int):
        if per_replica < 2:
            return None
        return Path("key").read_text()
async def handler(name):
    audit(name)
    resolve(name)
    Job().key(1)
