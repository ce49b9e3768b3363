from pathlib import Path
class Repo:
    pass
def find(name) -> Repo | None:
    return Repo() if name else None
def make(repo=None):
    if repo is None:
        repo = Path("state").read_text()
    return repo
def gathered(names):
    found = []
    for name in names:
        found.append(name)
    if not found:
        return ""
    return Path(found[0]).read_text()
def local(in_memory=None):
    for _ in range(2):
        if in_memory is None:
            Path(".env").read_text()
        in_memory = None
async def handler(name, repo=None):
    make()  # error: LL101
    make(find(name))  # error: LL101
    make(repo)  # error: LL101
    make(repo or find(name))  # error: LL101
    gathered([name])  # error: LL101
    local(in_memory=True)  # error: LL101
