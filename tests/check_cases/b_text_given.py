import bcrypt, pypdf
from bs4 import BeautifulSoup
def parsed(html, parser="html.parser"):
    return BeautifulSoup(html or "", parser)
def outer(html=""):
    return parsed(html)
async def handler(html):
    parsed(html)  # error: LL101
    outer(html)  # error: LL101
    bcrypt.hashpw(b"x", bcrypt.gensalt())  # error: LL101
    pypdf.PdfReader("x.pdf")  # error: LL101
