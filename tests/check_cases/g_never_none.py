from pathlib import Path
class Repo:
    pass
def make(repo=None):
    if repo is None:
        repo = Path("state").read_text()
    return repo
def client(repo=None):
    return make(repo=repo or Repo())
def local(in_memory=None):
    if in_memory is None:
        in_memory = not Path(".env").read_text()
    if not in_memory:
        Path(".env").read_text()
async def handler():
    client()
    make(Repo())
    make(f"{client}")
    local(in_memory=True)
