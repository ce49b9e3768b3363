import functools, logging, os
from pathlib import Path
@functools.lru_cache
def settings():
    return Path(".env").read_text()
@functools.lru_cache
def fresh():
    return Path(".env").read_text()
@functools.lru_cache(maxsize=8)
def words(language):
    return Path(language).read_text()
_config = None
def config():
    global _config
    if _config is None:
        _config = Path("log.ini").read_text()
    return _config
def forget():
    global _config
    _config = None
    fresh.cache_clear()
def configured(name=__name__):
    log = logging.getLogger(name)
    if log.handlers:
        return log
    log.addHandler(Path(name).read_text())
    return log
if os.environ.get("EAGER"):
    SETTINGS = settings()
FRESH = fresh()
WORDS = words("de")
CONFIG = config()
log = configured()
async def handler(name):
    settings()  # error: LL101
    fresh()  # error: LL101
    words("fr")  # error: LL101
    words(name)  # error: LL101
    config()  # error: LL101
    configured("other")  # error: LL101
