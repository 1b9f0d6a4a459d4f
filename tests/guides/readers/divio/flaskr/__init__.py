import os

import psycopg2
from flask import Flask, jsonify, request
from whitenoise import WhiteNoise


def create_app():
    app = Flask(__name__, static_folder=None)
    app.config.update(
        SECRET_KEY=os.environ["SECRET_KEY"],
        DATABASE=os.environ.get("DEFAULT_DATABASE_DSN", os.environ.get("DATABASE_URL")),
        DOMAINS=[os.environ["DOMAIN"], *filter(None, os.environ["DOMAIN_ALIASES"].replace(" ", "").split(","))],
        SSL_REDIRECT=os.environ["SECURE_SSL_REDIRECT"] == "True",
        STORAGE=os.environ["DEFAULT_STORAGE_DSN"],
    )
    app.wsgi_app = WhiteNoise(app.wsgi_app, root=os.path.join(app.root_path, "static"), prefix="static/")

    @app.get("/")
    def index():
        return jsonify(
            stage=os.environ["STAGE"],
            domains=app.config["DOMAINS"],
            ssl_redirect=app.config["SSL_REDIRECT"],
            storage=app.config["STORAGE"].partition("://")[0],
        )

    def rows(sql, *values):
        with psycopg2.connect(app.config["DATABASE"]) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    @app.post("/posts")
    def add():
        rows("CREATE TABLE IF NOT EXISTS post (title varchar(80))")
        rows("INSERT INTO post VALUES (%s)", request.form["title"])
        return "", 201

    @app.get("/posts")
    def posts():
        return jsonify([title for (title,) in rows("SELECT title FROM post")])

    return app
