import pathlib
from pathlib import Path
LOAD = Path("/proc/loadavg")
HOSTS = Path("/etc/hosts")
def limit():
    file = Path("/sys/fs/cgroup/cpu.max")
    if file.exists():
        return file.read_text()
    with open("/proc/self/status") as status:
        return status.read()
def load(file=LOAD):
    return file.read_text()
def hosts(file=HOSTS):
    return file.read_text()
async def handler(name):
    limit()
    load()
    hosts()  # error: LL101
    LOAD.read_text()
    HOSTS.read_text()  # error: LL101
    pathlib.Path("/proc/stat").read_bytes()
    file = Path("/proc/stat")
    file = Path(name)
    file.read_text()  # error: LL101
    open("/srv/proc/x")  # error: LL101
