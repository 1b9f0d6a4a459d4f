"""A small HTTP app that the tests run as tasks; its environment variables set its behavior."""

import http.server
import os
import signal
import subprocess
import sys
import threading
import time

MODE = os.environ.get("MODE", "good")
seconds = float(os.environ.get("SECONDS", "0"))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(500 if MODE == "bad-health" and self.path == "/up" else 200)
        self.end_headers()
        self.wfile.write(repr(dict(os.environ)).encode())

    def log_message(self, *args: object) -> None:
        return


def main() -> None:
    print(f"starting {MODE} {os.environ.get('RELEASE', '')}", flush=True)
    if MODE == "crash":
        time.sleep(seconds)
        sys.exit("no such database")
    if MODE == "exit":
        sys.exit(int(seconds))
    if MODE == "wait":
        time.sleep(3600)
    if MODE == "slow":
        time.sleep(seconds)
    if MODE == "hog":
        memory = bytearray(300 * 1024 * 1024)
        print(len(memory), flush=True)
    if MODE == "busy":
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
    if MODE == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif MODE == "drain":  # keeps serving until the load balancer routes no more requests to it
        signal.signal(signal.SIGTERM, lambda *_: threading.Timer(seconds, os._exit, [0]).start())
    else:
        signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), sys.exit(0)))
    http.server.ThreadingHTTPServer(
        (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("FIXED_PORT") or os.environ["PORT"])), Handler
    ).serve_forever()


if __name__ == "__main__":
    main()
