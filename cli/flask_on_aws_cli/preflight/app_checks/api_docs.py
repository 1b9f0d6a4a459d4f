"""Whether a FastAPI app describes its API to everyone. A note: many apps want that."""

from ..check import Check, passed
from ..running import Answer

API_DOCS = "API docs"
OPENAPI_PATH = "/openapi.json"


def judge_api_docs(answer: Answer) -> Check:
    """The check of the response on FastAPI's default path of the description."""
    if answer.status != 200 or '"openapi"' not in answer.body:
        return passed(API_DOCS, f"{OPENAPI_PATH} is not public")
    return passed(
        API_DOCS,
        f"{OPENAPI_PATH} shows the whole API to every visitor; FastAPI(openapi_url=None) removes it and /docs",
    )
