import asyncio
async def main(): ...
if __name__ == "__main__":
    import time
    time.sleep(1)
    asyncio.run(main())
