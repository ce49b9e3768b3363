from concurrent.futures import ProcessPoolExecutor
def square(n): return n * n
async def squares(numbers):
    with ProcessPoolExecutor() as pool:
        return list(pool.map(square, numbers))  # error: LL101
