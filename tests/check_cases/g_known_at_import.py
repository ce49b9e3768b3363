import functools, logging
from pathlib import Path
@functools.lru_cache
def settings():
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
def configured(name=__name__, level=3):
    log = logging.getLogger(name)
    if log.handlers:
        return log
    log.addHandler(Path(name).read_text())
    return log
class Base:
    _settings = None
    @property
    def settings(self):
        if not self._settings:
            self._settings = settings()
        return self._settings
SETTINGS: str = settings()
WORDS = words("de")
CONFIG = config().strip()
log = configured()
async def handler(base: Base):
    settings()
    words("de")
    config()
    configured(level=4)
    return base.settings
