import pathlib
async def handler(name):
    path = pathlib.Path("data") / name / "report.txt"
    return path.read_bytes()  # error: LL101
