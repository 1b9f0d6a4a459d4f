"""The relay that stands in a task's network, without one: as a process that reaches its gate over TCP."""

import asyncio
import subprocess
import sys

import pytest
from flask_on_aws_cli.local_aws.containers import relay

from tests.emulator import free_port


async def converse(gate_port: int, port: int, own: int) -> tuple[bytes, list[str]]:
    """What comes back through the relay, and what the gate was asked."""
    asked: list[str] = []
    ready = asyncio.Event()

    async def gate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = (await reader.readline()).decode().strip()
        asked.append(question)
        if question == "ports":
            writer.write(f"{port} {own}\n".encode())
        elif question.startswith("ready"):
            writer.write(b"ready\n")
            ready.set()
        else:
            writer.write((await reader.read()).upper())  # until the other half is closed
        writer.close()

    server = await asyncio.start_server(gate, "127.0.0.1", gate_port)
    command = [sys.executable, relay.__file__, "a-task", f"127.0.0.1:{gate_port}", str(own)]
    process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
    try:
        await asyncio.wait_for(ready.wait(), 20)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", own)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 20), asked
    finally:
        process.kill()
        await process.wait()
        server.close()


def test_each_port_of_the_gate_but_the_tasks_own_leads_to_it() -> None:
    port, own = free_port(), free_port()
    answer, asked = asyncio.run(converse(free_port(), port, own))
    assert answer == b"HELLO"
    assert asked[0] == "ports"
    assert asked[-1] == str(port)
    assert "ready a-task" in asked
