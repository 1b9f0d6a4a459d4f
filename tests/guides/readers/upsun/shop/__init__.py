import os

from flask import Flask, redirect, render_template, request, url_for
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
migrate = Migrate()


class Item(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), nullable=False)


def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"]
    app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
    db.init_app(app)
    migrate.init_app(app, db)

    @app.get("/health")
    def health():
        return "up"

    @app.get("/")
    def index():
        return render_template("index.html", items=db.session.scalars(db.select(Item)))

    @app.post("/items")
    def add():
        db.session.add(Item(name=request.form["name"]))
        db.session.commit()
        return redirect(url_for("index"))

    return app
