"""The protocol library by the names users type: ``dp.protocols.pairing(dt=-20, n=100, hz=0.2)``."""

from __future__ import annotations

from .modulation import optogenetic
from .protocol import (
    Bombardment,
    Dip,
    Firing,
    LowFrequency,
    Pairing,
    Plateau,
    Release,
    Spikes,
    TestPulses,
    ThetaBurst,
    ToneStep,
    Uncaging,
)

__all__ = [
    "bombardment",
    "dip",
    "firing",
    "low_frequency",
    "optogenetic",
    "pairing",
    "plateau",
    "release",
    "spikes",
    "test_pulses",
    "theta_burst",
    "tone_step",
    "uncaging",
]

bombardment = Bombardment
dip = Dip
firing = Firing
low_frequency = LowFrequency
pairing = Pairing
plateau = Plateau
release = Release
spikes = Spikes
test_pulses = TestPulses
theta_burst = ThetaBurst
tone_step = ToneStep
uncaging = Uncaging
