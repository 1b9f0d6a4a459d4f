"""The ASGI application."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from .database import session
from .models import Note

app = FastAPI(title="Notes")
Database = Annotated[Session, Depends(session)]


class NewNote(BaseModel):
    """A note that a client sends."""

    text: str = Field(min_length=1, max_length=200)


class StoredNote(NewNote):
    """A note with its number."""

    model_config = ConfigDict(from_attributes=True)
    id: int


@app.get("/up", response_class=PlainTextResponse, include_in_schema=False)
async def up() -> str:
    """Answer the load balancer's health check, without the database."""
    return "up\n"


@app.get("/")
def index(request: Request) -> dict[str, str | None]:
    """Show where the request comes from: uvicorn takes the address from the load balancer."""
    return {"visitor": request.client and request.client.host, "docs": "/docs"}


# Functions without `async` run in threads, so that a query does not block other requests.
@app.get("/notes", response_model=list[StoredNote])
def notes(database: Database):
    """The newest notes."""
    return database.scalars(select(Note).order_by(Note.id.desc()).limit(20)).all()


@app.post("/notes", response_model=StoredNote, status_code=201)
def create(new: NewNote, database: Database):
    """Store a note."""
    note = Note(text=new.text)
    database.add(note)
    database.commit()
    return note
