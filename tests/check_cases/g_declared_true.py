from pathlib import Path
from uuid import UUID, uuid4
from fastapi import Depends, FastAPI
from pydantic import BaseModel, Field
app = FastAPI()
class Recipe(BaseModel):
    name: str
    household_id: UUID = Field(default_factory=uuid4)
class Translator:
    def t(self, key):
        return key
def translator() -> Translator:
    return Translator()
def publish(household_id: UUID | None):
    if not household_id:
        Path("households").read_text()
def dispatch(household_id: UUID | None):
    publish(household_id=household_id)
@app.post("/")
async def create(recipe: Recipe, lang: Translator = Depends(translator)):
    dispatch(recipe.household_id)
    if not recipe:
        Path("recipe").read_text()
    return lang.t("done") if lang else Path("done").read_text()
