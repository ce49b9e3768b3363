"""What follows a block that may leave runs, unless it leaves on every way."""

import time

from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.post("/scripts/{script}/run")
async def run_script(script: str) -> None:
    if not script:
        raise HTTPException(400, "no script")
    time.sleep(1)  # error: LL101


@app.get("/finally")
async def cleaned_up() -> int:
    try:
        return 1
    finally:
        time.sleep(1)  # error: LL101


@app.get("/caught")
async def caught(number: int) -> None:
    try:
        raise ValueError(number)
    except ValueError:
        time.sleep(1)  # error: LL101
    for _ in range(number):
        break
    else:
        return
    time.sleep(2)  # error: LL101
