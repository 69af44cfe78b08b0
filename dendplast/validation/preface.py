"""What the page of a validation says before its numbers: what was declared, how rows are simulated and judged."""

__all__ = ["PREFACE"]

PREFACE = """# Validation

The rule beside published experiments, one row a measured point.

## Declared before fitting

One rule for all regions; a region differs in the numbers of its preset and, where preparations of one cell type
differ, of `validation/regions.toml`. Studies and validation use the same numbers. What may differ, because it is
known to differ between cell types: expression of receptors (`x_*`, and `high_D1`, the share of D5), lifetimes of
traces, glutamate, endocannabinoid, calmodulin, kinase and cascades (`tau_*`), their rates (`k_*`, `r_*`), the gates
(`g0_P`, `g0_D`, `g_P`, `g_D`: visual cortex has no plasticity without modulators), the weights of the two ways into
depression (`r_D`, `r_E`), thresholds of calcium with their slopes and with what PKA takes from them (`w_A`), the
sensitivity of the cascades (`k_A`, `K_A`, `K_Q`, `chi`), the size of a change (`h_P`, `h_D`) and tone. What may not:
the form of the rule, what a drug does, capture and loss. Rows held out are never fitted; the library holds their
protocols and no outcome. Calibration rows were looked at while numbers were set: they are a fit, not a prediction.

## How a row is judged

- Class: `+` or `-` when the mean is more than two errors from no change, else `0`; the model is judged with the
  paper's own error. Rows without an error: 5 % of baseline.
- z: difference over sqrt(SEM^2 + tau^2), tau 20 (potentiation), 0 (depression), 10 (no change) percent of baseline.
- Beside the model: "no change anywhere", and a model blind to modulators (158.5 % or 66.9 % by spike order).
- Conversion rows: the paper's class differs from that of its interleaved control. Contrasts: drug minus control.
- A row that can not be simulated says why, and is never counted as passed.

## How a row is simulated

Every electrical episode of a row is simulated once on the full cell, from rest, and kept in the user's cache for as
long as nothing electrical changes; its calcium drives the rule wherever it recurs. Weights do not feed back on calcium
meanwhile. Drugs, tone, its dips and steps, and blocked uptake act as in a run (`Supply`). The cell keeps its own
temperature, also for slices at 25 degC: with the q10 of its channels, six EPSPs at 25 degC would make `ca1` fire. The
bath is exchanged with 30 s.

## Mechanisms that are missing

- A spike 10 ms before the EPSP potentiates in slices (202 %) unless dopamine receptors are blocked (72 %); here it
  depresses both ways. A tone of dopamine does not tell the two apart: 20, 50 and 100 nM lead from 83 to 86, 89 and 97 %
  at -10 ms, and from 75 to 78, 80 and 88 % at -20 ms, where slices depress with the same tone.
- Atropine, or anisomycin, by themselves do nothing to a spine at rest; slices drift by ten to twenty percent.
- CA1 in less calcium (10.1073/pnas.2013663117): the switch from depression to potentiation is met at 1.8 and 3 mM, but
  comes too late at 2.5 mM, and two spikes at 1.8 mM already potentiate.
- Uncaging with bursts of three spikes potentiates 35 ms after the pulse as at 5 ms, and a quarter of a release without
  magnesium as a whole one (10.1038/nature06416): a burst's calcium alone is above the kinase's threshold, so that what
  glutamate is left decides.
- Trains at 1 Hz without spikes do not depress `ca1` (10.7554/eLife.39151): its only way into depression needs a spike.
  AP5 leaves 3 % of `glu_P` at 50 uM, and 150 bursts of 100 Hz saturate the trace with as little.
- Exchange of molecules between spines and voltage clamp are not in these rows.
"""
