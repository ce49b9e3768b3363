from fastapi import FastAPI
from pydantic import BaseModel, DirectoryPath, FilePath
from pydantic.types import NewPath
app = FastAPI()
class Settings(BaseModel):
    folder: DirectoryPath
    certificate: FilePath | None = None
    journal: NewPath
@app.post("/settings")
async def change(settings: Settings) -> bool:
    database = settings.folder / "geo.db"
    if not database.exists():  # error: LL101
        return False
    if settings.certificate is not None:
        settings.certificate.read_bytes()  # error: LL101
    settings.journal.write_text("begun")  # error: LL101
    return True
