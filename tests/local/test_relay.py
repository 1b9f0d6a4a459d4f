"""Tests of the relay, which runs in a task's network, as a process that reaches the gateway over TCP."""

import asyncio
import subprocess
import sys

import pytest
from flask_on_aws_cli.local_aws.containers import relay
from flask_on_aws_cli.local_project.ports import free_port


async def connect_through_relay(gateway_port: int, port: int, task_port: int) -> tuple[bytes, list[str]]:
    """The response through the relay, and the requests that the gateway received."""
    requests: list[str] = []
    ready = asyncio.Event()

    async def gateway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readline()).decode().strip()
        requests.append(request)
        if request == "ports":
            writer.write(f"{port} {task_port}\n".encode())
        elif request.startswith("ready"):
            writer.write(b"ready\n")
            ready.set()
        else:
            writer.write((await reader.read()).upper())  # until the other half is closed
        writer.close()

    server = await asyncio.start_server(gateway, "127.0.0.1", gateway_port)
    command = [sys.executable, relay.__file__, "a-task", f"127.0.0.1:{gateway_port}", str(task_port)]
    process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
    try:
        await asyncio.wait_for(ready.wait(), 20)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", task_port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        writer.write_eof()
        return await asyncio.wait_for(reader.read(), 20), requests
    finally:
        process.kill()
        await process.wait()
        server.close()


def test_the_relay_forwards_every_port_of_the_gateway_except_the_task_s() -> None:
    port, task_port = free_port(), free_port()
    response, requests = asyncio.run(connect_through_relay(free_port(), port, task_port))
    assert response == b"HELLO"
    assert requests[0] == "ports"
    assert requests[-1] == str(port)
    assert "ready a-task" in requests
