import logging
log = logging.getLogger(__name__)
async def state(): return "x"
async def handler():
    log.info("state %s", state())  # error: LL207
