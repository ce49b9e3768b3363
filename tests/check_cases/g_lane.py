import time
from loopline import ProcessLane, ThreadLane
cpu = ProcessLane(workers=1)
threads = ThreadLane("t", size=2, max_queue=3, timeout=1)
def slow(n): time.sleep(n)
@threads.offload
def legacy(): time.sleep(1)
async def handler():
    await cpu.run(slow, 1, timeout=10)
    await legacy()
