"""Every number of the spine and of its plasticity rule, once: unit, bounds, source.

The names are those of the compiled mechanism ``DpSpine`` (``mod/spine.mod``), of the TOML files and of
the result files.  Region presets (``presets/*.toml``) are differences from the values here.  Sources
marked ``assumed`` were tuned so that the rule shows the behaviours of the papers named there; see
``docs/model.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from .errors import ParameterError
from .quantity import Description, quantity, under, unit_of
from .solution import SolutionParameters
from .tree_parameters import (
    AbsenceParameters,
    CrosstalkParameters,
    HeterosynapticParameters,
    ProteinParameters,
    StructureParameters,
)

__all__ = [
    "CalciumParameters",
    "CascadeParameters",
    "ConversionParameters",
    "ExpressionParameters",
    "OutcomeParameters",
    "Parameters",
    "ReadoutParameters",
    "ReceptorParameters",
    "SynapseParameters",
    "AFFINITY_STATES",
    "RECEPTORS",
    "SHARES",
]

RECEPTORS = {
    "D1": "dopamine", "D2": "dopamine",
    "beta": "noradrenaline", "alpha1": "noradrenaline", "alpha2": "noradrenaline",
    "M1": "acetylcholine", "M4": "acetylcholine",
    "A2A": "adenosine",
}  # fmt: skip
"""Receptor subtypes of a spine and the ligand each of them binds."""

AFFINITY_STATES = {"D1_high": "D1", "D2_low": "D2"}
"""Second affinity state of a receptor subtype, for a fixed share of its receptors; agents act on both alike."""

SHARES = ("PKA", "AC", "PLC", "ecb", "prp", "NMDA")
"""What a drug may leave a share of: PKA, calcium-stimulated cyclase, PLC, endocannabinoid arm, synthesis, and
NMDA receptors that glutamate can bind."""

_CHINDEMI = "10.1038/s41467-022-30214-w"
_RODRIGUES = "10.7554/eLife.80152"
_R_TYPE = "most being R-type (10.1038/35046076)"
_TUNED = "assumed: tuned on "


_POPULATION = {
    "bap_peak", "epsp_peak", "bap_spread", "epsp_spread", "bap_volume", "epsp_volume", "epsp_share",
    "ampa_volume",
}  # fmt: skip
"""Targets of the calibration and their spread between spines."""

ELECTRIC = ("synapse", "calcium", "solution")
"""Groups that shape calcium; the others are the rule's."""

_OF_THE_TREE = (
    ProteinParameters, CrosstalkParameters, HeterosynapticParameters, StructureParameters, AbsenceParameters
)  # fmt: skip


class SynapseParameters(Description):
    """AMPA and NMDA receptors of one spine of reference volume."""

    g_ampa: float = quantity(5e-4, "uS", "assumed: 0.5 nS, one mid-sized CA1 synapse", 0, 0.1)
    tau_r_ampa: float = quantity(0.2, "ms", _CHINDEMI, 1e-3, 100)
    tau_d_ampa: float = quantity(1.7, "ms", _CHINDEMI, 1e-3, 1000)
    e_glu: float = quantity(0.0, "mV", "assumed: mixed-cation reversal, rounded", -50, 50)
    g_nmda: float = quantity(
        3e-4, "uS", _TUNED + "0.7 uM calcium per EPSP (10.1016/S0896-6273(02)00573-1)", 0, 0.1
    )
    tau_r_nmda: float = quantity(0.29, "ms", _CHINDEMI, 1e-3, 100)
    tau_d_nmda: float = quantity(70.0, "ms", _CHINDEMI, 1e-2, 1000)
    mg: float = quantity(1.0, "mM", _CHINDEMI, 0, 10)
    mg_slope: float = quantity(0.072, "/mV", _CHINDEMI, 0, 1)
    mg_half: float = quantity(2.552, "mM", _CHINDEMI, 1e-3, 100)
    ampa_volume: float = quantity(0.88, "1", _CHINDEMI + " (correlation of ln(g_ampa) with ln(volume))", 0.1, 1)
    ca_fraction: float = quantity(0.0506, "1", _CHINDEMI, 0, 1)
    e_ca_nmda: float = quantity(40.0, "mV", _CHINDEMI, 0, 200)


class CalciumParameters(Description):
    """Voltage-gated calcium channels, buffer and pump of the head."""

    g_vgcc: float = quantity(7e-5, "uS", _CHINDEMI + " (0.0744 nS/um2 on the reference head)", 0, 0.01)
    e_ca: float = quantity(120.0, "mV", "assumed: between Nernst at rest (136 mV) and at 2 uM (91 mV)", 0, 200)
    vhalf_m: float = quantity(-5.9, "mV", _CHINDEMI, -100, 100)
    k_m: float = quantity(9.5, "mV", _CHINDEMI, 0.1, 100)
    tau_m: float = quantity(1.0, "ms", _CHINDEMI, 1e-3, 1000)
    vhalf_h: float = quantity(-39.0, "mV", _CHINDEMI, -150, 100)
    k_h: float = quantity(9.2, "mV", _CHINDEMI, 0.1, 100)
    tau_h: float = quantity(27.0, "ms", _CHINDEMI, 1e-3, 1000)
    share_L: float = quantity(0.1, "1", "assumed: a fifth of a spike's calcium in ca1, " + _R_TYPE, 0, 1)
    share_T: float = quantity(0.02, "1", "assumed: a sixth of a spike's calcium in ca1, " + _R_TYPE, 0, 1)
    vhalf_L: float = quantity(9.7, "mV", "assumed: Boltzmann through the rates of " + _RODRIGUES, -100, 100)
    k_L: float = quantity(7.0, "mV", "assumed: Boltzmann through the rates of " + _RODRIGUES, 0.1, 100)
    vhalf_m_T: float = quantity(-32.0, "mV", _RODRIGUES, -150, 100)
    k_m_T: float = quantity(7.0, "mV", _RODRIGUES, 0.1, 100)
    vhalf_h_T: float = quantity(-70.0, "mV", _RODRIGUES, -150, 100)
    k_h_T: float = quantity(6.5, "mV", _RODRIGUES, 0.1, 100)
    tau_h_T: float = quantity(50.0, "ms", _RODRIGUES, 1e-3, 1000)
    kappa: float = quantity(24.0, "1", "10.1016/S0896-6273(02)00573-1", 0, 1000)
    tau_ca: float = quantity(12.0, "ms", "10.1016/S0896-6273(02)00573-1", 0.1, 1000)
    k_neck: float = quantity(
        0.0, "/ms", "assumed: calcium leaves by the pump; with its buffer it takes 250 ms through the neck", 0, 10
    )
    ca_rest: float = quantity(7e-5, "mM", _CHINDEMI, 0, 1e-2)
    bap_peak: float = quantity(1.4e-3, "mM", _CHINDEMI + " (rise per back-propagating spike)", 1e-5, 0.1)
    epsp_peak: float = quantity(7e-4, "mM", _CHINDEMI + " (rise per EPSP at rest)", 1e-5, 0.1)
    bap_spread: float = quantity(0.43, "1", _CHINDEMI + " (SD over mean between spines, 0.6/1.4 uM)", 0, 2)
    epsp_spread: float = quantity(0.66, "1", _CHINDEMI + " (SD over mean between spines, 0.44/0.67 uM)", 0, 2)
    bap_volume: float = quantity(
        0.0, "1", "assumed: correlation of ln(bap_peak) with ln(volume); none published", -1, 1
    )
    epsp_share: float = quantity(
        0.5, "1", "assumed: what a spine is used to is its EPSP as much as its spike (10.1038/s41467-022-30214-w)", 0, 1
    )
    epsp_volume: float = quantity(
        0.0, "1", "assumed: correlation of ln(epsp_peak) with ln(volume); none published", -1, 1
    )

    @model_validator(mode="after")
    def _shares_of_one(self) -> CalciumParameters:
        if self.share_L + self.share_T > 1:
            raise ValueError(f"share_L + share_T = {self.share_L + self.share_T:g} must be at most 1")
        return self


class ReadoutParameters(Description):
    """Kinase and phosphatase read calcium; eligibility traces remember them; the threshold slides."""

    tau_cam: float = quantity(
        20.0, "ms", "assumed: between the fast and the slow lobe of calmodulin (10.1371/journal.pcbi.1000675)", 0.1, 1e4
    )
    K_P: float = quantity(1.0e-3, "mM", _TUNED + "10.7554/eLife.09685 without drug", 1e-5, 1)
    n_P: float = quantity(12.0, "1", _TUNED + "10.7554/eLife.09685 without drug", 1, 12)
    K_D: float = quantity(6e-4, "mM", _TUNED + "10.7554/eLife.09685 without drug", 1e-5, 1)
    n_D: float = quantity(8.0, "1", _TUNED + "10.7554/eLife.09685 without drug", 1, 12)
    k_K: float = quantity(0.03, "/ms", _TUNED + "10.7554/eLife.09685 without drug", 0, 10)
    k_N: float = quantity(0.02, "/ms", _TUNED + "10.7554/eLife.09685 without drug", 0, 10)
    tau_K: float = quantity(700.0, "ms", "assumed: CaMKII in spines stays active about a second", 1, 1e5)
    tau_N: float = quantity(700.0, "ms", "assumed: as the kinase", 1, 1e5)
    w_A: float = quantity(0.4, "1", "assumed: PKA lowers the kinase threshold through inhibitor-1", 0, 0.95)
    K_w: float = quantity(1000.0, "1", "assumed: PKA at which that is half of its limit; in proportion", 1e-3, 1e3)
    r_P: float = quantity(0.02, "/ms", "assumed: sets the scale of the trace with k_c", 0, 10)
    tau_P: float = quantity(5000.0, "ms", _TUNED + "10.7554/eLife.09685", 1, 1e6)
    r_D: float = quantity(0.016, "/ms", "assumed: sets the scale of the trace with k_c", 0, 10)
    tau_D: float = quantity(8000.0, "ms", _TUNED + "10.7554/eLife.09685", 1, 1e6)
    zeta: float = quantity(1.0, "1", "10.7554/eLife.80152 (kinase against phosphatase plane)", 0, 1)
    K_E: float = quantity(5e-4, "mM", "assumed: any spike's calcium makes endocannabinoid", 1e-5, 1)
    n_E: float = quantity(4.0, "1", "assumed: cooperative, as its release from calcium alone", 1, 12)
    k_E: float = quantity(0.02, "/ms", "assumed: one spike makes a third of the most", 0, 10)
    tau_E: float = quantity(
        50.0, "ms", "assumed: window of timing-dependent depression (10.1016/S0896-6273(03)00476-8)", 1, 1e5
    )
    tau_G: float = quantity(30.0, "ms", "assumed: presynaptic NMDA and metabotropic receptors stay active", 1, 1e5)
    tau_GP: float = quantity(
        70.0, "ms", "assumed: as long as NMDA receptors conduct, which hold CaMKII (10.1038/35081080)", 1, 1e5
    )
    r_E: float = quantity(0.0, "/ms", "assumed: no endocannabinoid arm unless the preset says so", 0, 10)
    e_0: float = quantity(0.02, "1", "assumed: background activity leaves no tag", 0, 1)
    w_theta: float = quantity(0.3, "1", "assumed: share of the threshold that activity moves", 0, 1)
    ca_mean: float = quantity(2e-5, "mM", "assumed: mean calcium above rest that keeps the threshold", 1e-7, 1)
    tau_theta: float = quantity(7.2e6, "ms", "assumed: 2 h, faster than biology's hours to days", 1, 1e10)
    theta_lo: float = quantity(0.5, "1", "assumed: bounds of the sliding threshold", 0.01, 1)
    theta_hi: float = quantity(3.0, "1", "assumed: bounds of the sliding threshold", 1, 100)


class ReceptorParameters(Description):
    """Binding rates and expression (0 to 1) of the receptor subtypes."""

    kon_D1: float = quantity(5.0, "/mM/ms", "10.1523/JNEUROSCI.0730-15.2015", 0, 1e4)
    koff_D1: float = quantity(5e-3, "/ms", "10.1523/JNEUROSCI.0730-15.2015", 1e-6, 10)
    x_D1: float = quantity(1.0, "1", "assumed: reference expression", 0, 1)
    kon_D2: float = quantity(150.0, "/mM/ms", "assumed: Kd 20 nM (10.7554/eLife.105214 has 7 nM)", 0, 1e4)
    koff_D2: float = quantity(
        3e-3, "/ms", "assumed: seconds, between 10.7554/eLife.105214 and 10.1523/JNEUROSCI.0730-15.2015", 1e-6, 10
    )
    x_D2: float = quantity(0.0, "1", "assumed: reference expression", 0, 1)
    kon_D1_high: float = quantity(50.0, "/mM/ms", "assumed: Kd 25 nM of the high-affinity state", 0, 1e4)
    koff_D1_high: float = quantity(1.25e-3, "/ms", "assumed: a second", 1e-6, 10)
    high_D1: float = quantity(
        0.0, "1", "assumed: none; a fifth in membranes (10.1016/0306-4522(89)90168-1), disputed in tissue", 0, 1
    )
    kon_D2_low: float = quantity(100.0, "/mM/ms", "10.1523/JNEUROSCI.0730-15.2015 (Kd 2 uM, without Gi)", 0, 1e4)
    koff_D2_low: float = quantity(0.2, "/ms", "10.1523/JNEUROSCI.0730-15.2015", 1e-6, 10)
    low_D2: float = quantity(
        0.0, "1", "assumed: none; a fifth in membranes (10.1016/0306-4522(89)90168-1), disputed in tissue", 0, 1
    )
    kon_beta: float = quantity(5.6, "/mM/ms", "10.1371/journal.pcbi.1005657", 0, 1e4)
    koff_beta: float = quantity(5e-3, "/ms", "10.1371/journal.pcbi.1005657", 1e-6, 10)
    x_beta: float = quantity(1.0, "1", "assumed: reference expression", 0, 1)
    kon_alpha1: float = quantity(1.0, "/mM/ms", "assumed: Kd 1 uM", 0, 1e4)
    koff_alpha1: float = quantity(1e-3, "/ms", "assumed: a second", 1e-6, 10)
    x_alpha1: float = quantity(0.3, "1", "assumed: reference expression", 0, 1)
    kon_alpha2: float = quantity(20.0, "/mM/ms", "assumed: Kd 100 nM", 0, 1e4)
    koff_alpha2: float = quantity(2e-3, "/ms", "assumed: half a second", 1e-6, 10)
    x_alpha2: float = quantity(0.2, "1", "assumed: reference expression", 0, 1)
    kon_M1: float = quantity(2.5, "/mM/ms", "10.7554/eLife.55714 (Kd 0.63 uM precoupled; 1 uM here)", 0, 1e4)
    koff_M1: float = quantity(2.5e-3, "/ms", "10.7554/eLife.55714", 1e-6, 10)
    x_M1: float = quantity(1.0, "1", "assumed: reference expression", 0, 1)
    kon_M4: float = quantity(10.0, "/mM/ms", "assumed: Kd 200 nM (10.1371/journal.pcbi.1005080 has 90 nM)", 0, 1e4)
    koff_M4: float = quantity(2e-3, "/ms", "assumed: half a second", 1e-6, 10)
    x_M4: float = quantity(0.3, "1", "assumed: reference expression", 0, 1)
    kon_A2A: float = quantity(5.0, "/mM/ms", "10.1371/journal.pcbi.1005080", 0, 1e4)
    koff_A2A: float = quantity(1e-3, "/ms", "10.1371/journal.pcbi.1005080", 1e-6, 10)
    x_A2A: float = quantity(0.0, "1", "assumed: reference expression", 0, 1)
    adenosine: float = quantity(0.0, "mM", "assumed: no adenosine unless the preset has some", 0, 1)


class CascadeParameters(Description):
    """Gs, Gi and Gq drive a PKA-like and a PLC-like activity, each 0 to 1."""

    k_A: float = quantity(1e-3, "/ms", _TUNED + "10.7554/eLife.09685", 0, 10)
    tau_A: float = quantity(5000.0, "ms", _TUNED + "10.7554/eLife.09685", 1, 1e7)
    A_basal: float = quantity(0.0, "1", "assumed: no basal Gs", 0, 10)
    chi: float = quantity(
        0.0, "1", "10.1371/journal.pcbi.1008078 (adenylyl cyclase 1 needs calcium and Gs)", 0, 100
    )
    K_C: float = quantity(5e-4, "mM", "assumed: calcium at half stimulation of adenylyl cyclase 1 and 8", 1e-5, 1)
    n_C: float = quantity(6.0, "1", "assumed: calmodulin binds four calcium; 6 keeps it off at rest", 1, 12)
    k_C: float = quantity(0.02, "/ms", "assumed: one EPSP stimulates most of it", 0, 10)
    tau_C: float = quantity(5000.0, "ms", "assumed: bridges test stimuli 5 s apart (10.7554/eLife.09685)", 1, 1e6)
    e_Gi: float = quantity(4.0, "1", "assumed: strength of Gi against Gs", 0, 100)
    K_A: float = quantity(0.45, "1", _TUNED + "10.7554/eLife.09685", 1e-3, 10)
    n_A: float = quantity(4.0, "1", _TUNED + "10.7554/eLife.09685", 1, 12)
    k_Q: float = quantity(1e-3, "/ms", _TUNED + "10.7554/eLife.27756", 0, 10)
    tau_Q: float = quantity(5000.0, "ms", _TUNED + "10.7554/eLife.27756", 1, 1e7)
    Q_basal: float = quantity(0.0, "1", "assumed: no basal Gq", 0, 10)
    e_GiQ: float = quantity(0.0, "1", "assumed: Gi adds no PLC drive unless the preset says so", 0, 10)
    K_Q: float = quantity(0.45, "1", _TUNED + "10.7554/eLife.27756", 1e-3, 10)
    n_Q: float = quantity(4.0, "1", _TUNED + "10.7554/eLife.27756", 1, 12)
    K_AD: float = quantity(
        0.35, "1", "assumed: PKA shuts PP1 through inhibitor-1 (10.1371/journal.pcbi.0030221)", 1e-3, 100
    )


class ConversionParameters(Description):
    """Traces become tags where a modulator (or the basal gate) converts them."""

    g0_P: float = quantity(
        0.0, "1", "assumed: no potentiation without modulator unless the preset says so", 0, 100
    )
    g_P: float = quantity(1.0, "1", "assumed: sets the scale with k_c", 0, 100)
    g0_D: float = quantity(0.0, "1", "assumed: no depression without modulator unless the preset says so", 0, 100)
    g_D: float = quantity(1.0, "1", "assumed: sets the scale with k_c", 0, 100)
    k_c: float = quantity(4e-5, "/ms", _TUNED + "10.7554/eLife.09685", 0, 1)
    omega: float = quantity(0.3, "1", _TUNED + "10.7554/eLife.09685 (dopamine before: LTP at both orders)", 0, 10)
    k_x: float = quantity(0.0, "/ms", "assumed: no retroactive flip unless the preset says so", 0, 1)
    tau_T: float = quantity(
        5.4e6, "ms", "10.1371/journal.pcbi.1000248 (slower of both tags); within three hours in 10.1038/385533a0",
        1, 1e10,
    )
    k_l: float = quantity(2e-4, "/ms", "assumed: a pairing train makes its synapse labile", 0, 1)
    tau_l: float = quantity(6e5, "ms", "10.7554/eLife.09685 (conversion up to about 10 min)", 1, 1e10)


class ExpressionParameters(Description):
    """Early weight, protein, late weight, priming, volume and loss."""

    h_P: float = quantity(1.0, "1", "assumed: doubling at a full tag", 1e-3, 10)
    h_D: float = quantity(0.6, "1", "assumed: down to 40 % at a full tag", 0, 1)
    tau_tr: float = quantity(3e5, "ms", "10.1038/nature06416 (minutes)", 1, 1e9)
    th_prp: float = quantity(
        0.9, "1", "assumed: early change alone does not reach it; synthesis needs modulators", 0, 100
    )
    k_mu: float = quantity(5.0, "1", "assumed: priming lowers the threshold of synthesis", 0, 100)
    K_mu: float = quantity(0.45, "1", "assumed: PKA at half priming, as at half conversion", 1e-3, 10)
    n_mu: float = quantity(4.0, "1", "assumed: as of conversion", 1, 12)
    tau_rise: float = quantity(3.6e5, "ms", "10.1371/journal.pcbi.1000248", 1, 1e10)
    tau_prp: float = quantity(3.6e6, "ms", "10.1371/journal.pcbi.1000248", 1, 1e10)
    tau_z: float = quantity(
        3.6e5, "ms", "10.1371/journal.pcbi.1000248, as tau_rise and tau_prp (an hour in 10.1038/s42003-021-01778-y)",
        1, 1e10,
    )  # fmt: skip
    tau_mu_up: float = quantity(6e5, "ms", "assumed: ten minutes of PKA prime a spine", 1, 1e10)
    tau_mu_down: float = quantity(4.5e6, "ms", "assumed: priming lasts one to two hours", 1, 1e10)
    w_floor: float = quantity(0.05, "1", "assumed: a depressed synapse keeps a few receptors", 0, 1)
    tau_V: float = quantity(3e5, "ms", "assumed: volume follows weight in minutes (10.1038/nature06416)", 1, 1e10)
    H_0: float = quantity(0.4 / 8.64e7, "/ms", "assumed: fitted to volume-dependent turnover, 0.4 per day", 0, 1)
    V_h: float = quantity(0.02, "um3", "assumed: fitted to volume-dependent turnover", 1e-4, 10)
    k_TD: float = quantity(3.0, "1", "10.7554/eLife.39151 (depressed synapses are lost more often)", 0, 100)
    k_z: float = quantity(0.9, "1", "assumed: consolidated synapses are protected", 0, 1)


class OutcomeParameters(Description):
    """Limits that name a change, applied to changes against the no-release control."""

    tag_min: float = quantity(
        0.05, "1", "assumed: a tag this large moves the weight by 5 %, the SEM of slice data", 0, 1
    )
    weight_min: float = quantity(0.05, "1", "assumed: 5 % of the weight, the SEM of slice data", 0, 1)
    primed_min: float = quantity(0.3, "1", "assumed: prior PKA that eases a later change", 0, 1)


class Parameters(Description):
    """All parameters of one kind of spine, in groups; group names are the TOML tables."""

    synapse: SynapseParameters = SynapseParameters()
    calcium: CalciumParameters = CalciumParameters()
    readout: ReadoutParameters = ReadoutParameters()
    receptors: ReceptorParameters = ReceptorParameters()
    cascade: CascadeParameters = CascadeParameters()
    conversion: ConversionParameters = ConversionParameters()
    expression: ExpressionParameters = ExpressionParameters()
    outcome: OutcomeParameters = OutcomeParameters()
    solution: SolutionParameters = SolutionParameters()
    protein: ProteinParameters = ProteinParameters()
    crosstalk: CrosstalkParameters = CrosstalkParameters()
    heterosynaptic: HeterosynapticParameters = HeterosynapticParameters()
    structure: StructureParameters = StructureParameters()
    absence: AbsenceParameters = AbsenceParameters()

    def flat(self) -> dict[str, float]:
        """Return every number by its name (names are unique over the groups)."""
        return {k: v for group in type(self).model_fields for k, v in getattr(self, group).model_dump().items()}

    def compiled(self) -> dict[str, float]:
        """Return the parameters that the compiled spine has; the others are limits, targets and coefficients."""
        groups = (OutcomeParameters, SolutionParameters, *_OF_THE_TREE)
        python = _POPULATION.union(*(group.model_fields for group in groups))
        return {name: value for name, value in self.flat().items() if name not in python}

    def replaced(self, changes: Mapping[str, Any]) -> Parameters:
        """Return a copy with `changes`: ``{"readout": {"K_P": 3e-3}}`` or flat ``{"K_P": 3e-3}``.

        Raises
        ------
        ParameterError
            If a name is unknown or a value is not valid.
        """
        nested: dict[str, dict[str, Any]] = {g: {} for g in type(self).model_fields}
        for key, value in changes.items():
            if key in nested and isinstance(value, Mapping):
                nested[key].update(value)
                continue
            try:
                nested[self.group_of(key)][key] = value
            except ParameterError as error:
                raise under(key, error) from None
        out = {}
        for group, values in nested.items():
            old = getattr(self, group)
            try:
                out[group] = type(old)(**(old.model_dump() | values))
            except ParameterError as error:
                raise under(group, error) from None
        return Parameters(**out)

    @classmethod
    def group_of(cls, name: str) -> str:
        """Return the group that holds a parameter."""
        for group, info in cls.model_fields.items():
            if name in info.annotation.model_fields:
                return group
        import difflib

        near = difflib.get_close_matches(name, cls.units(), 1, 0.0)
        raise ParameterError(f"parameter {name!r} is not known; did you mean {near[0]!r}?")

    @classmethod
    def units(cls) -> dict[str, str]:
        """Return the unit of every parameter by name."""
        return {
            name: unit_of(info.annotation, name)
            for info in cls.model_fields.values()
            for name in info.annotation.model_fields
        }
