from fastapi import FastAPI, WebSocket
app = FastAPI()
@app.websocket("/ws")
async def talk(socket: WebSocket):
    await socket.accept()
    socket.send_text("x")  # error: LL201
