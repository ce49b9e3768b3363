from pathlib import Path
SOUNDS = (".wav", ".mp3")
def version(name):
    return Path(name).read_bytes()
def url(name, base="/static"):
    if name.endswith((".css", ".js")):
        return f"{base}/{name}?{version(name)}"
    return f"{base}/{name}"
def address(name: str) -> str:
    if not name.startswith("http"):
        return Path(name).read_text()
    return name
def sound(name):
    return version(name) if name.endswith(SOUNDS) else b""
def either(name, ending):
    return version(name) if name.endswith(ending) else b""
async def page(given):
    url("favicon.png")
    url("styles.css")  # error: LL101
    url(given)  # error: LL101
    address("https://example.org")
    address("page.html")  # error: LL101
    sound("a.png")  # error: LL101
    either("a.png", ".js")
    either("a.png", ".png")  # error: LL101
    either("a.png", given)  # error: LL101
