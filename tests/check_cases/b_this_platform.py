import os, platform, sys, time
IS_WINDOWS = os.name == "nt"
IS_POSIX = not IS_WINDOWS and not sys.platform.startswith("win")
def command():
    if not IS_WINDOWS:
        return ""
    return time.sleep(1)
def quiet():
    if platform.system() == "Windows":
        time.sleep(1)
    if sys.platform == "win32":
        time.sleep(1)
    if sys.platform.startswith("win") or os.name == "java":
        time.sleep(1)
def loud():
    if sys.platform != "win32":
        time.sleep(1)
def other(name):
    if name == "nt":
        time.sleep(1)
def mine():
    if IS_POSIX:
        time.sleep(1)
async def handler(name):
    command()
    quiet()
    loud()  # error: LL101
    other(name)  # error: LL101
    mine()  # error: LL101
