import socket
def is_blocked(host: str, *, resolve: bool = True) -> bool:
    if not resolve:
        return False
    return bool(socket.getaddrinfo(host, None))
def checked(host: str, deep: bool = False) -> bool:
    if deep:
        return is_blocked(host)
    return is_blocked(host, resolve=deep)
async def handler(host):
    is_blocked(host, resolve=False)
    checked(host, False)
