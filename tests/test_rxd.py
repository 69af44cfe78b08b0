"""The grid beside NEURON's own reaction-diffusion solver, in a process of its own: rxd changes a session."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("neuron")

CODE = """
import json
import numpy as np
from neuron import h, rxd
from dendplast.box import Box
from dendplast.release import Medium

medium, half, dt, end = Medium(), 10.0, 0.1, 20.0
section = h.Section(name="s")
section.pt3dadd(-1, 0, 0, 1)
section.pt3dadd(1, 0, 0, 1)
rxd.options.enable.extracellular = True
tissue = rxd.Extracellular(-half, -half, -half, half, half, half, dx=1.0, volume_fraction=medium.alpha,
                           tortuosity=medium.tortuosity)
da = rxd.Species(tissue, name="da", charge=0, d=medium.D, initial=0)
uptake = rxd.Rate(da, -medium.clearance * da[tissue] / (medium.Km + da[tissue]))
h.dt = dt
h.finitialize(-65)
ours = Box([-half] * 3, [half] * 3, 1.0, medium)
x = [np.exp(-(axis - c) ** 2 / (2 * 2.5**2)) for axis, c in zip(ours.axes, (2.0, -1.0, 0.0))]
ours.c[:] = 2e-3 * x[0][:, None, None] * x[1][None, :, None] * x[2][None, None, :]
theirs = da[tissue].states3d
theirs[:] = ours.c
area_ours, area_theirs = np.zeros(ours.c.shape), np.zeros(ours.c.shape)
for k in range(int(end)):
    area_ours += 0.5 * ours.c
    ours.step(1.0)
    area_ours += 0.5 * ours.c
    for _ in range(round(1 / dt)):
        area_theirs += 0.5 * dt * theirs
        h.fadvance()
        area_theirs += 0.5 * dt * theirs
largest = area_theirs > 0.1 * area_theirs.max()
print(json.dumps({
    "shape": theirs.shape, "area": float(np.abs(area_ours / area_theirs - 1)[largest].max()),
    "whole": float(area_ours.sum() / area_theirs.sum() - 1), "left": float(ours.c.sum() / theirs.sum() - 1),
}))
"""


def test_the_grid_agrees_with_rxd(tmp_path, repository):
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env=os.environ | {"PYTHONPATH": str(repository)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["shape"] == [20, 20, 20]
    # rxd is second order in space: (h/width)^2/12 = 1.3 % of the peak at a width of 2.5 voxels; ours is exact
    assert found["area"] < 0.02
    assert abs(found["whole"]) < 0.005 and abs(found["left"]) < 0.005
