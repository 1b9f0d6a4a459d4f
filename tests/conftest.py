"""Tests' processes hear Ctrl-C, also where the tests were started in the background, where shells ignore it."""

import signal
import threading

if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
