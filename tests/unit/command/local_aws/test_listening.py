"""Tests of the ports on which the processes of a container listen, with the kernel's tables and with real sockets."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from flask_on_aws_cli.local_aws.containers import listening
from flask_on_aws_cli.local_aws.containers.listening import is_loopback

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(address, inode, state="0A"):
    return f"   0: {address} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 10001 0 {inode} 1 0\n"


def test_only_listening_sockets_of_the_container_s_own_processes_count():
    tcp = HEAD + line("00000000:0050", 1) + line("0100007F:1F90", 2) + line("0100007F:11D6", 3)
    tcp += line("00000000:1F91", 4, state="01")
    tcp6 = HEAD + line("0" * 32 + ":1F92", 5)
    # 3 is the relay's, which is in the same network; 4 is a connection.
    assert listening.listening([tcp, tcp6], {"1", "2", "4", "5"}) == ([80, 8082], [8080])
    assert listening.listening([HEAD], set()) == ([], [])


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("00000000", False),
        ("0100007F", True),
        ("0B00007F", True),
        ("0200000A", False),
        ("0" * 32, False),
        ("0" * 24 + "01000000", True),
        ("0" * 16 + "FFFF00000100007F", True),
        ("0" * 16 + "FFFF00000200000A", False),
    ],
)
def test_loopback_addresses(address, expected):
    assert is_loopback(address) == expected


@pytest.mark.skipif(not os.path.exists("/proc/net/tcp"), reason="only Linux has /proc")
def test_the_program_reads_the_sockets_of_real_processes():
    with socket.create_server(("127.0.0.1", 0)) as inner, socket.create_server(("", 0)) as outer:
        program = Path(listening.__file__).read_text()
        done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
        ports, loopback = json.loads(done.stdout)
        assert inner.getsockname()[1] in loopback
        assert outer.getsockname()[1] in ports
