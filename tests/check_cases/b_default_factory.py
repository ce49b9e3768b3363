import requests
from dataclasses import dataclass, field
def load_rates():
    return requests.get("http://rates").json()
@dataclass
class Prices:
    rates: dict = field(default_factory=load_rates)
async def handler():
    return Prices()  # error: LL101
