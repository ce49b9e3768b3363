"""What follows a `return` or `raise` in its own block never runs."""

import time

from fastapi import FastAPI, HTTPException

app = FastAPI()


def slow() -> None:
    time.sleep(1)


@app.post("/scripts/{script}/run")
async def run_script(script: str) -> None:
    raise HTTPException(400, "not yet")
    slow()


@app.get("/early")
async def early(many: bool) -> int:
    for number in range(3):
        if many:
            return number
            time.sleep(number)
        continue
        slow()
    return 0


async def caught() -> None:
    try:
        return
        slow()
    finally:
        pass


@app.get("/caught")
async def call() -> None:
    await caught()
