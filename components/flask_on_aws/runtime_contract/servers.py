"""What each server needs behind the load balancer: idle connections kept longer than the load balancer keeps them, the
visitor's address and scheme from the load balancer and not from the visitor, and requests finished after SIGTERM.

Most servers read it from variables, which are rows of the contract. The rest have options alone, which are inserted into
their command line. Pure values, standard library only.
"""

import re

from .task_sizes import THREADS
from .timers import TIMERS

# Networks that the internet does not route, so no visitor comes from them: the load balancer's addresses in a VPC
# (RFC 1918, and RFC 6598, which VPCs may use too), and a proxy in the same task. uvicorn takes the right-most address of
# X-Forwarded-For that is not in the list. Under a lone `*` it would take the left-most, which is the visitor's own word;
# beside others, `*` is a name that no address matches, and versions before 0.31, which know no networks, trust it.
FORWARDERS = "*,127.0.0.1,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10"
# SIGTERM finishes the requests in flight and ends, where uWSGI's own default is to reload:
# https://uwsgi-docs.readthedocs.io/en/latest/Management.html
UWSGI_ON_START = "unix_signal:15 gracefully_kill_them_all"

_OPTIONS = {
    # For WSGI granian's own number is 512 for each process. The option's variable would stop it for ASGI, where it
    # accepts 1 alone.
    "granian": f"--blocking-threads {THREADS}",
    # hypercorn's own 5 and 3 seconds are shorter than the load balancer's; it reads no forwarded header.
    "hypercorn": f"--keep-alive {TIMERS.keep_alive} --graceful-timeout {TIMERS.graceful}",
    # waitress counts proxies from the right, so a visitor's own entries are ignored. Its limit of 100 connections includes
    # idle ones: at the limit it accepts no more, and requests of the load balancer wait until it answers 504.
    "waitress": (
        f"--channel-timeout={TIMERS.keep_alive} --connection-limit=1000 --asyncore-use-poll "
        "--trusted-proxy='*' --trusted-proxy-count=${TRUST_PROXY_DEPTH:-1} "
        "--trusted-proxy-headers='x-forwarded-for x-forwarded-proto' --clear-untrusted-proxy-headers"
    ),
}
# A word that is followed by arguments: the program, with or without its path, or the module after `-m`.
_PROGRAM = re.compile(
    r"(?<!\S)(?:\S*/)?(?:(?P<name>hypercorn|waitress)(?:-serve)?|(?P<wsgi>granian)(?=.*\s--interface[ =]wsgi\b))(?=[ \t]+\S)"
)


def with_server_options(command: str) -> str:
    """A command line with the options that its server needs before its own, which therefore override them.

    The server may stand behind others, such as `opentelemetry-instrument hypercorn …`. Quoted text is left alone.
    """
    unquoted = re.sub(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", lambda quoted: "_" * len(quoted[0]), command)
    program = _PROGRAM.search(unquoted)
    if not program:
        return command
    options = _OPTIONS[program["name"] or program["wsgi"]]
    return f"{command[: program.end()]} {options}{command[program.end() :]}"
