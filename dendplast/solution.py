"""The solution around the cell: extracellular calcium and magnesium, and temperature.

The parameters of a preset hold at `ca_ref` calcium, the preset's own magnesium and the temperature of its
cell; spines are calibrated there.  `changes` says what another solution does to them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from .quantity import Description, quantity

__all__ = ["Solution", "SolutionParameters", "changes"]

_CHINDEMI = "10.1038/s41467-022-30214-w"
_R_OVER_F = 1e3 * 8.314462618 / 96485.33212  # gas constant over the Faraday constant (mV/K), exact since 2019


class Solution(Description):
    """What the cell lies in.

    Examples
    --------
    >>> Solution(ca="1.3 mM", mg="0.8 mM").ca
    1.3
    """

    ca: float = quantity(2.0, "mM", "assumed: the usual artificial cerebrospinal fluid", 0.01, 20)
    mg: float | None = quantity(None, "mM", "assumed: the magnesium of the parameters, synapse.mg", 0, 20)
    celsius: float | None = quantity(None, "degC", "assumed: the temperature of the preset's cell", 15, 42)


class SolutionParameters(Description):
    """How the spine's electricity follows calcium and temperature of the solution.

    Calcium: the share of the NMDA current that calcium carries is ca/(ca + K_pf), the conductance of
    voltage-gated channels ca/(ca + K_vgcc), both relative to `ca_ref`; their reversal moves with the Nernst
    potential.  Temperature: each time constant is divided by q10^((celsius - reference)/10).
    """

    ca_ref: float = quantity(2.0, "mM", _CHINDEMI + " (calcium at which ca_fraction holds)", 0.01, 20)
    K_pf: float = quantity(120 / 1.38 / 4, "mM", _CHINDEMI, 0.01, 1e3)
    K_vgcc: float = quantity(
        3.3, "mM", "assumed: permeation of T-type channels (10.1085/jgp.200809986) for all subtypes", 0.01, 1e3
    )
    q10_ampa: float = quantity(2.5, "1", "assumed: a little less than the NMDA receptor's", 1, 10)
    q10_nmda: float = quantity(
        3.0, "1", "assumed: between 3.7 (fast) and 2.7 (slow part of NR1/NR2B deactivation, PMID 18068304)", 1, 10
    )
    q10_vgcc: float = quantity(2.3, "1", "assumed: usual for gates, that of the M current in mod/km.mod", 1, 10)
    q10_ca: float = quantity(
        2.0, "1", "assumed: an enzyme's; decay of calcium in pyramidal cells is temperature-sensitive (PMID 15548621)",
        1, 10,
    )  # fmt: skip


Q10 = {
    "tau_r_ampa": "q10_ampa", "tau_d_ampa": "q10_ampa", "tau_r_nmda": "q10_nmda", "tau_d_nmda": "q10_nmda",
    "tau_m": "q10_vgcc", "tau_h": "q10_vgcc", "tau_ca": "q10_ca",
}  # fmt: skip
"""Time constants of the spine and the coefficient each follows."""


def changes(solution: Solution, p: Mapping[str, float], celsius: float) -> dict[str, float]:
    """Return the parameters of the compiled spine as a solution changes them.

    The rule is left alone: its biochemistry is known at one temperature.  So are the amplitudes of receptors
    and the shift of gates by surface charge.

    Parameters
    ----------
    solution : Solution
        What the cell lies in.
    p : mapping of str to float
        Parameters by name (``Parameters.flat()``), at the reference.
    celsius : float
        Temperature at which they hold (degC).

    Returns
    -------
    dict
        Changed values by name, and two factors that each spine's own values take (1): ``vgcc_scale`` on the
        conductance of voltage-gated calcium channels, ``ca_fraction_scale`` on the calcium share of the NMDA current.
    """
    warm = celsius if solution.celsius is None else solution.celsius
    out = {name: p[name] * p[q10] ** ((celsius - warm) / 10) for name, q10 in Q10.items()}
    out["mg"] = p["mg"] if solution.mg is None else solution.mg
    out["ca_fraction_scale"] = _saturation(solution.ca, p["ca_ref"], p["K_pf"])
    out["vgcc_scale"] = _saturation(solution.ca, p["ca_ref"], p["K_vgcc"])
    # from the reference to the solution: the potential at the reference temperature is the parameter itself
    out["e_ca"] = p["e_ca"] + 0.5 * _R_OVER_F * (warm + 273.15) * math.log(solution.ca / p["ca_ref"])
    return out


def _saturation(ca: float, reference: float, half: float) -> float:
    """Return ca/(ca + half) relative to its value at a reference (all mM)."""
    return ca / (ca + half) * (reference + half) / reference
