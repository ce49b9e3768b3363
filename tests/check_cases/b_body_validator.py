import requests
from fastapi import FastAPI
from pydantic import BaseModel, model_validator
app = FastAPI()
class Address(BaseModel):
    street: str
    @model_validator(mode="after")
    def exists(self):
        requests.get("http://maps")  # error: LL101
        return self
@app.post("/")
def create(address: Address):
    return address
