async def ok(): return True
async def test_it():
    assert ok()  # error: LL205
