"""The sizes of a Fargate task, and the server's processes and threads for each.

Pure values, standard library only.
"""

from collections.abc import Iterator, Mapping, Sequence

# A Flask process with SQLAlchemy, psycopg and boto3 takes 80 MiB before its first request (measured); the rest is the
# app's own code and the data of four requests at a time.
_MIB_PER_WORKER = 512
THREADS = 4
"""Threads of each process of a WSGI server."""

# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html: CPU units → MiB
_FARGATE_SIZES: Mapping[int, Sequence[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}


def web_concurrency(cpu: int, memory: int) -> tuple[int, int]:
    """Processes and threads of the server for a task of this size (CPU units, MiB).

    A Fargate task sees the CPUs of its host, so servers that count them start too many workers and run out of memory
    (benoitc/gunicorn#2888). Measured with gunicorn's threads on one app: where two CPUs are visible, one process of four
    threads serves a quarter of what two processes do, since its threads contend for the interpreter's lock (and 7 of 36
    runs of two fell back to that); pinned to one CPU, both serve the same. So a process for each vCPU and at least two,
    which also lets one answer while the other restarts, but one where there is no memory for two. Four threads for each
    are what was measured, and keep the health check answered while others wait for the database or S3.
    """
    workers = max(2, -(-cpu // 1024))
    return max(1, min(workers, memory // _MIB_PER_WORKER)), THREADS


def fargate_size_problems(cpu: int, memory: int) -> Iterator[str]:
    """What is wrong with a task's CPU units and MiB of memory: Fargate has only certain pairs."""
    if cpu not in _FARGATE_SIZES:
        yield f"cpu {cpu} is not a Fargate task size; choose one of {', '.join(map(str, _FARGATE_SIZES))}."
    elif memory not in _FARGATE_SIZES[cpu]:
        choices = ", ".join(map(str, _FARGATE_SIZES[cpu]))
        yield f"memory {memory} is not available with cpu {cpu}; choose one of {choices} MiB."


def next_fargate_size(cpu: int, memory: int) -> tuple[int, int] | None:
    """The smallest Fargate task size with at least these CPU units and MiB of memory; None if there is none."""
    sizes = ((units, mib) for units, choices in _FARGATE_SIZES.items() for mib in choices)
    return min((size for size in sizes if size[0] >= cpu and size[1] >= memory), default=None)
