"""The peer: a Flask app as in the gunicorn and nginx tutorial, with the ORM and psycopg2."""

import os

from flask import Flask, Response
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DB_CONNECTION_STRING"]
database = SQLAlchemy(app)


class Post(database.Model):
    """The table of the template."""

    id = database.Column(database.Integer, primary_key=True)
    body = database.Column(database.Text)


@app.route("/")
def hello() -> Response:
    """The response of the hello benchmark."""
    return Response("up\n", content_type="text/plain; charset=utf-8")


@app.route("/row")
def row() -> Response:
    """One row by its key."""
    return Response(database.session.get(Post, 1).body, content_type="text/plain; charset=utf-8")
