"""What benchmarks say of the machine, and how they write numbers."""

from __future__ import annotations

import os
import platform
import resource
from collections.abc import Sequence
from pathlib import Path

import numpy as np

__all__ = ["machine", "memory", "spread"]


def machine() -> str:
    """Return cores, processor family and its widest vector instructions."""
    info = Path("/proc/cpuinfo")
    fields = {}
    if info.exists():
        rows = (line.split(":", 1) for line in info.read_text().splitlines() if ":" in line)
        fields = {key.strip(): value.strip() for key, value in rows}
    flags = fields.get("flags", "").split()
    vector = next((name for name in ("avx512f", "avx2", "sse2") if name in flags), "unknown vectors")
    name = fields.get("model name", platform.processor() or platform.machine())
    family = fields.get("cpu family", "?")
    return f"{os.cpu_count()} cores, {name} (family {family}, {vector}), {platform.system()}"


def memory() -> float:
    """Return the resident memory of this process (kB); the largest so far where the system does not tell."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def spread(values: Sequence[float]) -> str:
    """Return median and range, three digits each."""
    return f"{np.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"
