from pathlib import Path
HERE = Path(__file__).parent
async def handler():
    return HERE.joinpath("x").with_suffix(".txt").read_text()  # error: LL101
