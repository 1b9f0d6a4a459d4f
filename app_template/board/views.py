"""The pages, and what load balancers and operators ask."""

from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, abort, current_app, redirect, render_template, url_for
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.file import FileField, FileSize
from sqlalchemy import literal, select
from wtforms import TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

from .database import read
from .models import Post, database
from .storage import Storage

blueprint = Blueprint("board", __name__)
csrf = CSRFProtect()

_POSTS_ON_A_PAGE = 50
_LONGEST_BODY = 2000
_LARGEST_PICTURE = 5 * 1024 * 1024
# Pictures are known by their first bytes: names and announced types are what a stranger says. SVG runs scripts.
_PICTURES = {b"\x89PNG\r\n\x1a\n": ("png", "image/png"), b"\xff\xd8\xff": ("jpg", "image/jpeg")}
_LONGEST_MARK = max(map(len, _PICTURES))


def _storage() -> Storage | None:
    return current_app.extensions["board.storage"]


def _clean(body: str | None) -> str | None:
    return body and body.replace("\0", "").strip()  # PostgreSQL refuses NUL in text


class PostForm(FlaskForm):
    """What a visitor can post."""

    body = TextAreaField(
        "Message",
        filters=[_clean],
        validators=[DataRequired("Write something."), Length(max=_LONGEST_BODY)],
    )
    picture = FileField("Picture", validators=[FileSize(_LARGEST_PICTURE, message="The picture is over 5 MB.")])

    def validate_picture(self, field: FileField) -> None:
        if field.data and _kind(field.data.stream) is None:
            raise ValidationError("The picture must be a PNG or JPEG file.")


def _kind(stream: Any) -> tuple[str, str] | None:
    """The extension and media type of the picture in a stream."""
    start = stream.read(_LONGEST_MARK)
    stream.seek(0)
    return next((kind for mark, kind in _PICTURES.items() if start.startswith(mark)), None)


@blueprint.get("/")
def index() -> str:
    return _page(PostForm())


@blueprint.post("/")
def post() -> Any:
    form = PostForm()
    if not form.validate():
        return _page(form), 400
    # The picture first: a file without a post does no harm, a post without its file does.
    key = _keep(form.picture.data) if form.picture.data and _storage() else None
    database.session.add(Post(body=form.body.data, picture_key=key))
    database.session.commit()
    return redirect(url_for("board.index", _external=True), 303)


def _page(form: PostForm) -> str:
    posts = read(select(Post.__table__).order_by(Post.id.desc()).limit(_POSTS_ON_A_PAGE))
    return render_template("index.html", form=form, posts=posts, with_pictures=_storage() is not None)


def _keep(picture: Any) -> str:
    extension, content_type = _kind(picture.stream) or abort(400)
    key = f"{uuid4().hex}.{extension}"
    _storage().save(key, picture.stream, content_type)
    return key


@blueprint.get("/pictures/<int:post_id>")
def picture(post_id: int) -> Any:
    keys = read(select(Post.picture_key).where(Post.id == post_id))
    storage = _storage()
    if not (storage and keys and keys[0].picture_key):
        abort(404)
    return storage.response(keys[0].picture_key)


@blueprint.get("/up")
def up() -> Response:
    """Whether this process serves. It asks nothing else: a database that is down is no reason to end the app."""
    return _text("up\n")


@blueprint.get("/up/databases")
def up_databases() -> Response:
    """Whether the database answers too; the app's error handler says 503 when it does not."""
    read(select(literal(1)))
    return _text("up\n")


@blueprint.get("/version")
def version() -> dict[str, str]:
    return {"release": current_app.extensions["board.settings"].release}


def _text(body: str) -> Response:
    return Response(body, content_type="text/plain; charset=utf-8")
