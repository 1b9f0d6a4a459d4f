"""CPU and memory of other platforms as Fargate's units."""

import re

from ..reading.source import Value

_MIB: dict[str, float] = {"b": 1 / 1024**2, "k": 1 / 1024, "m": 1, "g": 1024}


def mebibytes(value: Value, default_unit: str = "b") -> int:
    """An amount of memory like 512M or 1gb in MiB, at least 1; `default_unit` is that of a number alone."""
    match = re.fullmatch(r"(\d{1,15}(?:\.\d{1,6})?)\s*([bkmg]?)(?:i?b)?", value.text().lower())
    if not match:
        raise value.error("must be an amount of memory, like 512M")
    return max(1, round(float(match[1]) * _MIB[match[2] or default_unit]))


def cpu_units(value: Value) -> int:
    """A number of CPUs like 0.5 in CPU units, of which a CPU has 1024."""
    if not re.fullmatch(r"\d{1,4}(?:\.\d{1,6})?", value.text()):
        raise value.error("must be a number of CPUs, like 0.5")
    return max(1, round(float(value.text()) * 1024))
