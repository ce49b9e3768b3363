from subprocess import PIPE, Popen
async def handler():
    process = Popen(["ls"], stdout=PIPE)  # error: LL101
    return process.communicate()  # error: LL101
