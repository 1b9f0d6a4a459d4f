"""The pages, and the endpoints for load balancers and operators."""

from typing import IO, Any
from uuid import uuid4

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.file import FileField, FileSize
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import bindparam, literal, select
from werkzeug.datastructures import FileStorage
from wtforms import HiddenField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length

from .database import read
from .models import Post, database
from .storage import Storage

blueprint = Blueprint("board", __name__)
csrf = CSRFProtect()

_POSTS_PER_PAGE = 50
_MAX_BODY_LENGTH = 2000
_MAX_DESCRIPTION_LENGTH = 500
_MAX_PICTURE_BYTES = 5 * 1024 * 1024
# A picture's type is read from its first bytes, because clients can send any name and media type. No SVG: it can
# contain scripts.
_PICTURE_TYPES = {b"\x89PNG\r\n\x1a\n": ("png", "image/png"), b"\xff\xd8\xff": ("jpg", "image/jpeg")}
_MAX_SIGNATURE_LENGTH = max(map(len, _PICTURE_TYPES))
EXTENSIONS = {content_type: extension for extension, content_type in _PICTURE_TYPES.values()}
"""The file extension of each media type. A picture's key is 32 random hexadecimal digits and the extension."""
_UPLOAD_SECONDS = 900  # from the start of an upload to its post; the bucket accepts the upload for 10 minutes
_NOT_A_PICTURE = "The picture must be a PNG or JPEG file."

_NEWEST_POSTS = select(Post.__table__).order_by(Post.id.desc()).limit(_POSTS_PER_PAGE)
_PICTURE_KEY = select(Post.picture_key).where(Post.id == bindparam("post_id"))
_PING = select(literal(1))


def _storage() -> Storage | None:
    return current_app.extensions["board.storage"]


def _clean(text: str | None) -> str | None:
    return text and text.replace("\0", "").strip()  # PostgreSQL cannot store NUL in text


class PostForm(FlaskForm):
    """The form for a new post."""

    body = TextAreaField(
        "Message",
        filters=[_clean],
        validators=[DataRequired("Write something."), Length(max=_MAX_BODY_LENGTH)],
    )
    picture = FileField(
        "Picture (PNG or JPEG)", validators=[FileSize(_MAX_PICTURE_BYTES, message="The picture is over 5 MB.")]
    )
    description = StringField(
        "What the picture shows, for those who cannot see it",
        filters=[_clean],
        validators=[Length(max=_MAX_DESCRIPTION_LENGTH)],
    )
    upload = HiddenField()
    """The signed key of a picture that the browser has uploaded to the bucket."""
    uploaded_key: str | None = None
    """The key in `upload`, once it is validated."""

    def validate_picture(self, field: FileField) -> None:
        if field.data and _picture_type(_first_bytes(field.data.stream)) is None:
            raise ValidationError(_NOT_A_PICTURE)

    def validate_upload(self, field: HiddenField) -> None:
        storage = _storage()
        if not (field.data and storage):
            return
        try:
            key = _upload_serializer().loads(field.data, max_age=_UPLOAD_SECONDS)
        except BadSignature:
            raise ValidationError("The upload of the picture has expired: choose it again.") from None
        first_bytes = storage.first_bytes(key, _MAX_SIGNATURE_LENGTH)
        if first_bytes is None:
            raise ValidationError("The picture did not arrive: choose it again.")
        if _picture_type(first_bytes) is None:
            storage.remove(key)
            raise ValidationError(_NOT_A_PICTURE)
        self.uploaded_key = key


def _first_bytes(stream: IO[bytes]) -> bytes:
    first_bytes = stream.read(_MAX_SIGNATURE_LENGTH)
    stream.seek(0)
    return first_bytes


def _picture_type(first_bytes: bytes) -> tuple[str, str] | None:
    """The extension and media type of a picture that starts with these bytes; None if it is not a picture."""
    types = (names for signature, names in _PICTURE_TYPES.items() if first_bytes.startswith(signature))
    return next(types, None)


def _upload_serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="upload")


@blueprint.get("/")
def index() -> str:
    """The newest posts, and the form for another one."""
    return _render_page(PostForm())


@blueprint.post("/")
def post() -> Any:
    """Store a post."""
    form = PostForm()
    if not form.validate():
        return _render_page(form), 400
    # The picture is stored first: without a post it does no harm, but a post without its picture is broken.
    key = form.uploaded_key or (_store(form.picture.data) if form.picture.data and _storage() else None)
    description = form.description.data if key else None
    database.session.add(Post(body=form.body.data, picture_key=key, picture_description=description))
    database.session.commit()
    return redirect(url_for("board.index", _external=True), 303)


@blueprint.post("/uploads")
def upload() -> Any:
    """A presigned form with which the browser uploads a picture to the bucket, and the signed key for the post."""
    extension, storage = EXTENSIONS.get(request.form.get("type", "")), _storage()
    if not (extension and storage):
        return {"error": _NOT_A_PICTURE}, 400
    key = f"{uuid4().hex}.{extension}"
    form = storage.upload_form(key, request.form["type"], _MAX_PICTURE_BYTES)
    return {**form, "upload": _upload_serializer().dumps(key)} if form else abort(404)


def _render_page(form: PostForm) -> str:
    posts = read(_NEWEST_POSTS)
    storage = _storage()
    return render_template(
        "index.html",
        form=form,
        posts=posts,
        title=current_app.extensions["board.settings"].title,
        with_pictures=storage is not None,
        upload_url=url_for("board.upload") if storage and storage.origin else "",
        max_picture_bytes=_MAX_PICTURE_BYTES,
    )


def _store(picture: FileStorage) -> str:
    extension, content_type = _picture_type(_first_bytes(picture.stream)) or abort(400)
    key = f"{uuid4().hex}.{extension}"
    _storage().save(key, picture.stream, content_type)
    return key


@blueprint.get("/pictures/<int:post_id>")
def picture(post_id: int) -> Any:
    """The picture of a post."""
    rows = read(_PICTURE_KEY, post_id=post_id)
    storage = _storage()
    if not (storage and rows and rows[0].picture_key):
        abort(404)
    return storage.response(rows[0].picture_key)


@blueprint.get("/up")
def up() -> Response:
    """Whether this process serves; not whether the database does, because replacing the app would not repair it."""
    return _plain_text("up\n")


@blueprint.get("/up/databases")
def up_databases() -> Response:
    """Whether the database responds too; if it does not, the app's error handler responds with 503."""
    read(_PING)
    return _plain_text("up\n")


@blueprint.get("/version")
def version() -> dict[str, str]:
    """The release that is running."""
    return {"release": current_app.extensions["board.settings"].release}


def _plain_text(body: str) -> Response:
    return Response(body, content_type="text/plain; charset=utf-8")
