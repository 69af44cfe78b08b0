"""The protocol library by the names users type: ``dp.protocols.pairing(dt=-20, n=100, hz=0.2)``."""

from __future__ import annotations

from .protocol import (
    LowFrequency,
    Pairing,
    Plateau,
    Release,
    Spikes,
    TestPulses,
    ThetaBurst,
    Uncaging,
)

__all__ = [
    "low_frequency",
    "pairing",
    "plateau",
    "release",
    "spikes",
    "test_pulses",
    "theta_burst",
    "uncaging",
]

low_frequency = LowFrequency
pairing = Pairing
plateau = Plateau
release = Release
spikes = Spikes
test_pulses = TestPulses
theta_burst = ThetaBurst
uncaging = Uncaging
