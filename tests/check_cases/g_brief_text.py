import yaml
from bs4 import BeautifulSoup
def parsed(html, parser="html.parser"):
    return BeautifulSoup(html or "", parser)
def outer(html=""):
    return parsed(html)
async def handler():
    parsed("")
    outer()
    BeautifulSoup("<b>none</b>", "html.parser")
    yaml.safe_load("a: 1")
