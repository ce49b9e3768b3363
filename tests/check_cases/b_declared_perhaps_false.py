from pathlib import Path
from uuid import UUID
from fastapi import FastAPI
from pydantic import BaseModel
app = FastAPI()
class Recipe(BaseModel):
    name: str
    household_id: UUID | None = None
    user_id: UUID = None
class Basket:
    def __len__(self):
        return 0
class Full(Basket):
    pass
def publish(household_id: UUID | None):
    if not household_id:
        Path("households").read_text()
@app.post("/")
async def create(recipe: Recipe, basket: Basket, full: Full, note: str, late: Recipe = None):
    publish(recipe.household_id)  # error: LL101
    publish(recipe.user_id)  # error: LL101
    if not basket:
        Path("basket").read_text()  # error: LL101
    if not full:
        Path("full").read_text()  # error: LL101
    if not note:
        Path("note").read_text()  # error: LL101
    if late is None:
        Path("late").read_text()  # error: LL101
