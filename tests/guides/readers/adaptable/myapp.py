import os

from flask import Flask, jsonify, request
from sqlalchemy import create_engine, text

db_url = os.getenv("DATABASE_URL", "postgresql://localhost:5432/mydatabase")
# DATABASE_URL uses postgres:// but SQLAlchemy only accepts postgresql://
db_url = db_url.replace("postgres://", "postgresql://")
engine = create_engine(db_url)


def start_app():
    app = Flask(__name__)

    @app.get("/")
    def index():
        depth = int(os.getenv("ADAPTABLE_TRUST_PROXY_DEPTH", "0"))
        visitor = request.headers.get("X-Forwarded-For", "").split(",")[-depth:][0].strip()
        return jsonify(url=os.getenv("EXTERNAL_URL"), host=os.getenv("EXTERNAL_HOSTNAME"), visitor=visitor)

    @app.post("/notes")
    def add():
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS note (text varchar(80))"))
            connection.execute(text("INSERT INTO note VALUES (:text)"), {"text": request.form["text"]})
        return "", 201

    @app.get("/notes")
    def notes():
        with engine.connect() as connection:
            return jsonify(connection.execute(text("SELECT text FROM note")).scalars().all())

    return app
