import socket
def is_blocked(host: str, *, resolve: bool = True) -> bool:
    if not resolve:
        return False
    return bool(socket.getaddrinfo(host, None))
def checked(host: str, deep: bool = False) -> bool:
    if deep:
        return is_blocked(host)
    return is_blocked(host, resolve=deep)
async def handler(host, sure):
    is_blocked(host)  # error: LL101
    is_blocked(host, resolve=True)  # error: LL101
    is_blocked(host, resolve=sure)  # error: LL101
    checked(host, True)  # error: LL101
