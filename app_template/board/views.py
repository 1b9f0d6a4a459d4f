"""The pages, and what load balancers and operators ask."""

from typing import Any
from uuid import uuid4

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.file import FileField, FileSize
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import bindparam, literal, select
from wtforms import HiddenField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

from .database import read
from .models import Post, database
from .storage import Storage

blueprint = Blueprint("board", __name__)
csrf = CSRFProtect()

_POSTS_ON_A_PAGE = 50
_LONGEST_BODY = 2000
_LONGEST_DESCRIPTION = 500
_LARGEST_PICTURE = 5 * 1024 * 1024
# Pictures are known by their first bytes: names and announced types are what a stranger says. SVG runs scripts.
_PICTURES = {b"\x89PNG\r\n\x1a\n": ("png", "image/png"), b"\xff\xd8\xff": ("jpg", "image/jpeg")}
_LONGEST_MARK = max(map(len, _PICTURES))
EXTENSIONS = {content_type: extension for extension, content_type in _PICTURES.values()}
"""How the names of pictures end, by media type; before it are the 32 digits of a random number."""
_UPLOAD_SECONDS = 900  # from the start of an upload to its post: the bucket takes it for 10 minutes
_NOT_A_PICTURE = "The picture must be a PNG or JPEG file."

_NEWEST = select(Post.__table__).order_by(Post.id.desc()).limit(_POSTS_ON_A_PAGE)
_PICTURE_OF = select(Post.picture_key).where(Post.id == bindparam("post_id"))
_ANYTHING = select(literal(1))


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
    picture = FileField(
        "Picture (PNG or JPEG)", validators=[FileSize(_LARGEST_PICTURE, message="The picture is over 5 MB.")]
    )
    description = StringField(
        "What the picture shows, for those who cannot see it",
        filters=[_clean],
        validators=[Length(max=_LONGEST_DESCRIPTION)],
    )
    upload = HiddenField()
    """A picture that the browser has sent to the bucket already."""

    def validate_picture(self, field: FileField) -> None:
        if field.data and _kind(_start(field.data.stream)) is None:
            raise ValidationError(_NOT_A_PICTURE)

    def validate_upload(self, field: HiddenField) -> None:
        storage = _storage()
        if not (field.data and storage):
            return
        try:
            key = _uploads().loads(field.data, max_age=_UPLOAD_SECONDS)
        except BadSignature:
            raise ValidationError("The picture was sent too long ago: choose it again.") from None
        start = storage.start_of(key, _LONGEST_MARK)
        if start is None:
            raise ValidationError("The picture did not arrive: choose it again.")
        if _kind(start) is None:
            storage.remove(key)
            raise ValidationError(_NOT_A_PICTURE)
        self.key = key

    key: str | None = None


def _start(stream: Any) -> bytes:
    start = stream.read(_LONGEST_MARK)
    stream.seek(0)
    return start


def _kind(start: bytes) -> tuple[str, str] | None:
    """The extension and media type of a picture that starts with these bytes."""
    return next((kind for mark, kind in _PICTURES.items() if start.startswith(mark)), None)


def _uploads() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="upload")


@blueprint.get("/")
def index() -> str:
    return _page(PostForm())


@blueprint.post("/")
def post() -> Any:
    form = PostForm()
    if not form.validate():
        return _page(form), 400
    # The picture first: a file without a post does no harm, a post without its file does.
    key = form.key or (_keep(form.picture.data) if form.picture.data and _storage() else None)
    description = form.description.data if key else None
    database.session.add(Post(body=form.body.data, picture_key=key, picture_description=description))
    database.session.commit()
    return redirect(url_for("board.index", _external=True), 303)


@blueprint.post("/uploads")
def upload() -> Any:
    """A form with which the browser sends a picture to the bucket itself, and the name to post it by."""
    extension, storage = EXTENSIONS.get(request.form.get("type", "")), _storage()
    if not (extension and storage):
        return {"error": _NOT_A_PICTURE}, 400
    key = f"{uuid4().hex}.{extension}"
    form = storage.upload_form(key, request.form["type"], _LARGEST_PICTURE)
    return {**form, "upload": _uploads().dumps(key)} if form else abort(404)


def _page(form: PostForm) -> str:
    posts = read(_NEWEST)
    storage = _storage()
    return render_template(
        "index.html",
        form=form,
        posts=posts,
        title=current_app.extensions["board.settings"].title,
        with_pictures=storage is not None,
        upload_url=url_for("board.upload") if storage and storage.origin else "",
        largest_picture=_LARGEST_PICTURE,
    )


def _keep(picture: Any) -> str:
    extension, content_type = _kind(_start(picture.stream)) or abort(400)
    key = f"{uuid4().hex}.{extension}"
    _storage().save(key, picture.stream, content_type)
    return key


@blueprint.get("/pictures/<int:post_id>")
def picture(post_id: int) -> Any:
    keys = read(_PICTURE_OF, post_id=post_id)
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
    read(_ANYTHING)
    return _text("up\n")


@blueprint.get("/version")
def version() -> dict[str, str]:
    return {"release": current_app.extensions["board.settings"].release}


def _text(body: str) -> Response:
    return Response(body, content_type="text/plain; charset=utf-8")
