import fcntl
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN
async def handler(file):
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.lockf(file, LOCK_NB | LOCK_EX)
    fcntl.flock(file.fileno(), fcntl.LOCK_UN)
    fcntl.flock(file, LOCK_UN)
    fcntl.flock(file, fcntl.LOCK_EX)  # error: LL101
    fcntl.lockf(file, LOCK_EX | fcntl.LOCK_SH)  # error: LL101
