import asyncio
from fastapi import BackgroundTasks, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase
app = FastAPI()
running = set()
class Base(DeclarativeBase): ...
class Order(Base):
    __tablename__ = "orders"
async def send(*things): ...
@app.post("/a")
async def a(tasks: BackgroundTasks, session: AsyncSession):
    tasks.add_task(send, session)  # error: LL304
@app.post("/b")
async def b(tasks: BackgroundTasks):
    order = Order()
    tasks.add_task(send, order=order)  # error: LL304
@app.post("/c")
async def c(session: AsyncSession):
    task = asyncio.create_task(send(session))  # error: LL304
    running.add(task)
