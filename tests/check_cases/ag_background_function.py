from fastapi import BackgroundTasks
class Mail:
    async def send(self, to): ...
async def handler(tasks: BackgroundTasks, mail: Mail):
    tasks.add_task(mail.send, "x")
