import contextlib, sqlite3
async def handler():
    with contextlib.closing(sqlite3.connect("x")) as connection:  # error: LL101
        connection.execute("select 1")  # error: LL101
