from fastapi import BackgroundTasks
class Mail:
    async def send(self): ...
async def handler(tasks: BackgroundTasks, mail: Mail):
    tasks.add_task(mail.send())  # error: LL207
