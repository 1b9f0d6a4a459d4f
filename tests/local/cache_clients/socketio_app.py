"""A Flask-SocketIO app of several tasks: what a visitor of one says reaches those of all, through the cache."""

import os

from flask import Flask
from flask_socketio import SocketIO

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["SECRET_KEY"]
socketio = SocketIO(app, message_queue=os.environ["REDIS_URL"], async_mode="threading")


@app.get("/up")
def up():
    return "up\n"


@socketio.on("say")
def say(text):
    socketio.emit("said", text)
