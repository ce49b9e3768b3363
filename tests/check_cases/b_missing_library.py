import time
import httpx
async def needed():
    try:
        import httpx
    except ImportError:
        time.sleep(1)
async def parts():
    try:
        from httpx import AsyncClient
        import asyncio
    except (ImportError, ModuleNotFoundError):
        time.sleep(1)  # error: LL101
async def perhaps():
    try:
        import ujson
    except ImportError:
        time.sleep(1)  # error: LL101
async def failing():
    try:
        import httpx
        httpx.get("http://x")  # error: LL101
    except (ImportError, ValueError):
        time.sleep(1)  # error: LL101
def sent():
    try:
        import httpx.auth
    except ModuleNotFoundError:
        return time.sleep(1)
    return ""
async def handler():
    return sent()
