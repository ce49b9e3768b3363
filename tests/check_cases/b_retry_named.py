import stamina, retrying
from tenacity import retry, wait_exponential
patiently = retry(wait=wait_exponential())
@patiently
def one(): return 1
@stamina.retry(on=ValueError)
def two(): return 2
@retrying.retry(wait_fixed=2000)
def three(): return 3
@retrying.retry(stop_max_attempt_number=3)
def four(): return 4
@stamina.retry(on=ValueError)
async def five(): return 5
async def handler():
    one()  # error: LL101
    two()  # error: LL101
    three()  # error: LL101
    four()
    await five()
