import threading
import time
from contextlib import asynccontextmanager
from fastapi import FastAPI
class Engine:
    _lock = threading.Lock()
    _engine = None
    _users = 0
    @classmethod
    def start(cls):
        with cls._lock:
            if cls._engine:
                return
            cls._engine = object()
    @classmethod
    def started(cls):
        with cls._lock:
            if cls._engine is None:
                cls._engine = object()
        return cls._engine
    @classmethod
    def count(cls):
        with cls._lock:
            cls._users += 1
    @classmethod
    def restart(cls):
        with cls._lock:
            time.sleep(1)
@asynccontextmanager
async def lifespan(app):
    Engine.start()
    Engine.started()
    Engine.count()
    yield
app = FastAPI(lifespan=lifespan)
@app.get("/")
async def index():
    Engine.count()  # error: LL101
@app.get("/start")
async def start():
    Engine.start()  # error: LL101
