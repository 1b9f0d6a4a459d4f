"""Sizes of Fly.io's machines.

https://fly.io/docs/about/pricing/#started-fly-machines
"""

import re
from collections.abc import Mapping

from ...drafts.draft import Draft
from ...drafts.sizes import mebibytes
from ...reading.source import Value, items

# The default of Fly, and MiB for each CPU of a kind.
_DEFAULT = "shared-cpu-1x"
_MEMORY: Mapping[str, int] = {"shared": 256, "performance": 2048}
# CPU units for each CPU of a kind: Fly guarantees a sixteenth of a shared CPU, and lets it use more for a while.
_UNITS: Mapping[str, int] = {"shared": 256, "performance": 1024}
_GPU = "tasks of Fargate have no GPU."


def read_machines(draft: Draft, root: Value, web: str) -> None:
    """Read the size of the machines of the web process; those of others are reported."""
    vm = root["vm"]
    machines = [vm] if vm and vm.is_mapping else list(items(vm))
    chosen = None
    for machine in machines:
        processes = [item.text() for item in items(machine["processes"])]
        if (processes and web not in processes) or chosen:
            draft.lose(machine, "a worker has cpu and memory of the web service.")
        else:
            chosen = machine
    if chosen:
        _read_size(draft, chosen)


def _read_size(draft: Draft, machine: Value) -> None:
    size, kind, cpus = machine["size"], machine["cpu_kind"], machine["cpus"]
    memory = machine["memory"] or machine["memory_mb"]
    match = re.fullmatch(r"(shared|performance)(?:-cpu)?-([0-9]{1,2})x", size.text().lower() if size else _DEFAULT)
    if match is None:
        draft.lose(size or machine, "is not a size of Fly that Fargate has; set cpu and memory.")
        return
    family = kind.text() if kind else match[1]
    if family not in _UNITS:
        raise (kind or machine).error("must be shared or performance")
    count = cpus.integer() if cpus else int(match[2])
    if count < 1:
        raise (cpus or machine).error("must be above 0")
    place = (cpus or size or kind or memory or machine).place
    note = "Fly guarantees a sixteenth of a shared CPU" if family == "shared" else ""
    draft.put("cpu", _UNITS[family] * count, place, note)
    text = mebibytes(memory, "m") if memory else _MEMORY[family] * count
    draft.put("memory", text, (memory or size or machine).place)
    reasons = {"gpu_kind": _GPU, "gpus": _GPU, "kernel_args": "has no setting on Fargate."}
    draft.lose_others(machine, {"size", "cpu_kind", "cpus", "memory", "memory_mb", "processes"}, reasons)
