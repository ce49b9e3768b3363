import shutil
from io import BytesIO
from pathlib import Path
import httpx
def copy(data: bytes | Path):
    if isinstance(data, Path):
        shutil.copy2(data, "y")
def save(data: bytes | Path):
    copy(data)
def of_kinds(data):
    if isinstance(data, (Path, BytesIO)):
        shutil.copy2(data, "y")
def of_text(data):
    if isinstance(data, str):
        shutil.copy2(data, "y")
async def fetched(client: httpx.AsyncClient):
    response = await client.get("http://x")
    save(response.read())
async def named(path: Path, data):
    save(f"x{path}")
    save(path)  # error: LL101
    of_kinds("x")
    of_kinds(data)  # error: LL101
    of_text("x")  # error: LL101
async def opened():
    with open("x", "rb") as file:  # error: LL101
        save(file.read())
def read(file):
    copy(file.read())
async def buffered():
    data = BytesIO(b"x").getvalue()
    save(data)
