import os

from flask import Flask

app = Flask(__name__)


@app.get("/up")
def up():
    return "up\n"


@app.get("/variables/<name>")
def variable(name):
    return os.environ.get(name, "not set") + "\n"
