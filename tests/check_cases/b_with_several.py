async def handler():
    with open("a") as a, open("b", "w") as b:  # error: LL101
        b.write(a.read())
