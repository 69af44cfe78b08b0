"""Anatomy of spines: how many there are along a dendrite, how large, and how their necks conduct."""

from __future__ import annotations

import numpy as np
from pydantic import model_validator

from .quantity import Description, quantity

__all__ = ["SPN_DENSITY", "DensityProfile", "SpineSettings"]

_HARRIS = "10.1101/cshperspect.a005587"
_CHINDEMI = "10.1038/s41467-022-30214-w"


class DensityProfile(Description):
    """Spine density (/um) against path distance x (um) from the soma.

    0 up to `start`, then density * (exp(-(x - start)/decay) - exp(-(x - start)/rise)). With `rise` 0 the
    second term is 0, with `decay` not given the first is 1; so ``DensityProfile(density=1.5, start=25)`` is
    a constant behind a spine-free zone. From `tuft_start` on the density is `tuft_density`.
    """

    density: float = quantity(..., "/um", "assumed: named by the preset", 0, 100)
    start: float = quantity(0, "um", "assumed: no spine-free zone", 0, 1e4)
    rise: float = quantity(0, "um", "assumed: a step", 0, 1e4)
    decay: float | None = quantity(None, "um", "assumed: no decay", 0.1, 1e6)
    tuft_start: float | None = quantity(None, "um", "assumed: no tuft", 0, 1e4)
    tuft_density: float = quantity(0, "/um", "assumed: no tuft", 0, 100)

    def at(self, path: np.ndarray) -> np.ndarray:
        """Return the density (/um) at path distances (um)."""
        path = np.asarray(path, float)
        behind = np.maximum(path - self.start, 0.0)
        slow = np.exp(-behind / self.decay) if self.decay is not None else 1.0
        fast = np.exp(-behind / self.rise) if self.rise > 0 else 0.0
        value = np.where(path >= self.start, self.density * np.maximum(slow - fast, 0.0), 0.0)
        return value if self.tuft_start is None else np.where(path >= self.tuft_start, self.tuft_density, value)

    def count(self, path: np.ndarray) -> np.ndarray:
        """Return the integral of the density from the soma to path distances (um), a number of spines."""
        path = np.asarray(path, float)
        end = path if self.tuft_start is None else np.minimum(path, self.tuft_start)
        behind = np.maximum(end - self.start, 0.0)
        slow = -self.decay * np.expm1(-behind / self.decay) if self.decay is not None else behind
        fast = -self.rise * np.expm1(-behind / self.rise) if self.rise > 0 else 0.0
        total = self.density * (slow - fast)
        return total if self.tuft_start is None else total + self.tuft_density * np.maximum(path - end, 0.0)


#: Spiny projection neurons: a fit to the spine counts of Wilson 1992, as used by the moose_nerp model of
#: Jedrzejewska-Szmek et al. 2017 (doi 10.1111/ejn.13287); 2.84 /um at its peak, 73 um from the soma.
SPN_DENSITY = DensityProfile(density=5.78, start=26.1, rise=24.9, decay=106.2)


class SpineSettings(Description):
    """Where spines stand and what they are like.

    The defaults are a CA1 pyramidal neuron; presets override them. A region without a profile has no
    spines. Head volume, neck length, neck diameter and neck resistance are log-normal and clipped. The neck
    resistance is a knob of its own: the cytoplasm of a neck resists more than its geometry and the axial
    resistivity of the dendrite say (28 megohm for 0.5 um x 0.15 um at 100 ohm cm, against 20 to 500 measured).
    """

    # Densities of CA1 stratum radiatum and lacunosum-moleculare: doi 10.1101/cshperspect.a005587. The
    # spine-free zones and the border of the tuft are assumed: the proximal dendrites of CA1 are sparse, and
    # a border at 350 to 450 um moves the total by 3 to 6 %.
    basal: DensityProfile | None = DensityProfile(density=2.89, start=25)
    apical: DensityProfile | None = DensityProfile(density=2.89, start=50, tuft_start=400, tuft_density=0.81)
    scale: float = quantity(1, "1", "assumed: all spines; less than 1 thins every density", 0, 10)

    volume_mu: float = quantity(-2.8, "1", f"mean of ln(head volume / um3), {_CHINDEMI}", -10, 2)
    volume_sigma: float = quantity(0.87, "1", f"sd of ln(head volume), {_CHINDEMI}", 0, 3)
    volume_min: float = quantity(0.005, "um3", f"smallest heads of CA1 and cortex, {_HARRIS}", 1e-4, 10)
    volume_max: float = quantity(0.8, "um3", f"largest heads of cortex, {_HARRIS}", 1e-4, 10)

    neck_length_median: float = quantity(
        0.45, "um", "assumed: between 10.1523/JNEUROSCI.12-07-02685.1992 and 10.1002/cne.21588", 0.01, 10
    )
    neck_length_sigma: float = quantity(0.5, "1", "sd of ln; quartiles 0.35, 0.70 um of 10.1002/cne.21588", 0, 3)
    neck_length_min: float = quantity(0.1, "um", "assumed: shortest neck that can be told from none", 0, 10)
    neck_length_max: float = quantity(2, "um", "assumed: longest neck of CA1", 0, 20)

    neck_diam_median: float = quantity(0.15, "um", f"CA1 0.14, V1 0.20, {_HARRIS}", 0.01, 2)
    neck_diam_sigma: float = quantity(0.3, "1", "assumed: spans 0.1 to 0.2 um of thin and mushroom necks", 0, 3)
    neck_diam_min: float = quantity(0.05, "um", "59 nm is the narrowest seen, 10.1038/nn.3682", 0.01, 2)
    neck_diam_max: float = quantity(0.5, "um", f"0.51 um in V1, {_HARRIS}", 0.01, 2)
    neck_diam_correlation: float = quantity(
        0.4, "1", "assumed: of ln(neck diameter) with ln(head volume); positive, size not given", -1, 1
    )

    R_neck_median: float = quantity(
        150, "megohm", "assumed: median of published means 27 to 500 megohm, such as PMC4874537", 1, 5000
    )
    R_neck_sigma: float = quantity(0.6, "1", "assumed: sd of ln, spans the published means", 0, 3)
    R_neck_min: float = quantity(25, "megohm", "23 is the lowest optical value, PMC4874537", 1, 5000)
    R_neck_max: float = quantity(600, "megohm", "assumed: above the highest optical values, 420 to 521", 1, 5000)
    R_neck_correlation: float = quantity(
        0, "1", "assumed: of ln(R_neck) with ln(head volume); no clear sign published", -1, 1
    )

    cm: float = quantity(1, "uF/cm2", "assumed: rounds the 0.9 of 10.1016/S0006-3495(00)76293-X", 0.1, 5)

    @model_validator(mode="after")
    def _bounds_in_order(self) -> SpineSettings:
        for name in ("volume", "neck_length", "neck_diam", "R_neck"):
            low, high = getattr(self, f"{name}_min"), getattr(self, f"{name}_max")
            if low > high:
                raise ValueError(f"{name}_min = {low}: must be at most {name}_max = {high}")
        return self
