from __future__ import annotations
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from requests import Session
async def handler(session: Session):
    return session.get("http://x")  # error: LL101
