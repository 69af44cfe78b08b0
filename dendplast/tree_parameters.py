"""What synapses of one tree share over hours to weeks: proteins, neighbours' signals, structure, absence of modulators.

The compiled spine does not have these numbers: what they describe is computed over the whole tree (`memory`).
"""

from __future__ import annotations

from .quantity import Description, quantity

__all__ = [
    "AbsenceParameters",
    "CrosstalkParameters",
    "HeterosynapticParameters",
    "ProteinParameters",
    "StructureParameters",
]

_RAS = "10.1126/science.1159675"
_HARVEY = "10.1038/nature06416"
_WIEGERT = "10.7554/eLife.39151"
_DAY = 8.64e7


class ProteinParameters(Description):
    """Plasticity-related proteins in dendrite and soma; concentration 1 is the most that synthesis reaches."""

    D_prp: float = quantity(1e-3, "um2/ms", "assumed: 1 um2/s; shared in 70 um (10.1016/j.neuron.2010.12.008)", 0, 1)
    q_dend: float = quantity(2.5e-4, "um3/ms", "assumed: 6 min for the 90 um3 that one spine's proteins reach", 0, 1)
    q_soma: float = quantity(1e-2, "um3/ms", "assumed: makes its own volume in a few minutes", 0, 100)
    n_soma: float = quantity(20.0, "1", "assumed: one strong input is heard in the soma, one spine is not", 1, 1e5)
    soma_delay: float = quantity(1.8e6, "ms", "assumed: 30 min from synapse to nucleus and to message", 0, 1e9)
    K_prp: float = quantity(
        0.48, "1", "10.1371/journal.pcbi.1000248: less does not lift a synapse over its barrier of 0.048 at gamma 0.1",
        1e-3, 10,
    )  # fmt: skip
    n_prp: float = quantity(4.0, "1", "assumed: steep as that barrier; several proteins are needed at once", 1, 12)
    q_late: float = quantity(
        5.0, "um3", "assumed: competition is felt only where synthesis is low (10.1016/j.neuron.2004.10.033)", 0, 1e5
    )
    tau_late: float = quantity(
        2.6e9, "ms", "assumed: 30 days, in vivo weeks to a year (10.1523/JNEUROSCI.22-21-09626.2002)", 1, 1e15
    )


class CrosstalkParameters(Description):
    """A Ras-like signal leaves strongly activated spines and lowers the kinase threshold of their neighbours."""

    D_ras: float = quantity(4e-5, "um2/ms", f"assumed: tuned on {_HARVEY} (11 um wide 90 s after induction)", 0, 1)
    tau_ras: float = quantity(3e5, "ms", f"{_RAS} (active about 5 min)", 1, 1e9)
    q_ras: float = quantity(5.8e-4, "um3/ms", f"assumed: tuned on {_HARVEY} (half of it is left after 5.3 min)", 0, 1)
    K_ras: float = quantity(1.0, "1", "assumed: sets the scale with q_ras", 1e-6, 1e6)
    n_ras: float = quantity(2.0, "1", "assumed: two steps from Ras to the kinase", 1, 12)
    w_ras: float = quantity(0.7, "1", f"assumed: a pulse four times weaker becomes enough ({_HARVEY})", 0, 0.95)


class HeterosynapticParameters(Description):
    """A signal of potentiated spines that weakens and shrinks idle neighbours where several were potentiated."""

    D_het: float = quantity(1e-4, "um2/ms", "assumed: with tau_het felt over 5 um along the dendrite", 0, 1)
    tau_het: float = quantity(3e5, "ms", "assumed: as the Ras-like signal, minutes", 1, 1e9)
    q_het: float = quantity(6.7e-4, "um3/ms", "assumed: sets the scale with K_het", 0, 1)
    K_het: float = quantity(
        6.0, "1", f"assumed: more than one spine makes, which does nothing within 4 um ({_HARVEY}: 0 +- 4 %)", 1e-6, 1e6
    )
    n_het: float = quantity(4.0, "1", "assumed: steep, so that one spine does nothing and six a lot", 1, 12)
    k_het: float = quantity(
        6e-6, "/ms", "assumed: idle spines within 4 um of six potentiated ones shrink by about a fifth", 0, 1
    )


class StructureParameters(Description):
    """Loss and formation of spines: a slow memory of what tagged the spine, and no threshold of size."""

    H_spine: float = quantity(0.0525 / _DAY, "/ms", f"{_WIEGERT} (27 % lost in 6 days without stimulation)", 0, 1)
    k_dep: float = quantity(1.0, "1", f"{_WIEGERT} (45 % lost in 6 days after depression)", 0, 100)
    k_prot: float = quantity(0.8, "1", f"{_WIEGERT} (1 of 11 lost in 7 days after potentiation)", 0, 1)
    tau_hist_up: float = quantity(1.2e6, "ms", "assumed: a tag leaves its mark within 20 min", 1, 1e10)
    tau_hist: float = quantity(30 * _DAY, "ms", f"assumed: longer than the week of {_WIEGERT}", 1, 1e12)
    s_new: float = quantity(-1.0, "1", "assumed: a new spine is as easily lost as a depressed one", -1, 1)
    k_form: float = quantity(5.0, "1", "assumed: formation on active, modulated dendrite over that elsewhere", 0, 1000)
    neck_power: float = quantity(
        0.5, "1", "assumed: R_neck falls with head volume to this power; necks widen as heads grow (10.1038/nn.3682)",
        0, 3,
    )  # fmt: skip
    vgcc_power: float = quantity(
        2 / 3, "1", "assumed: calcium channels of a head grow with its membrane, NMDA receptors stay", 0, 2
    )
    V_new: float = quantity(0.03, "um3", "assumed: a new head is a third of the mean", 1e-4, 10)


class AbsenceParameters(Description):
    """Without the modulators that were there before, the kinase threshold rises."""

    tau_abs: float = quantity(_DAY, "ms", "assumed: a day without modulators is long", 1, 1e12)
    K_abs: float = quantity(
        0.02, "1", "assumed: loss of receptor occupancy that is felt; dopamine at 20 nM holds D1 at 0.02", 1e-6, 10
    )
    w_abs: float = quantity(0.5, "1", "assumed: the threshold is half as high again in the end", 0, 10)
