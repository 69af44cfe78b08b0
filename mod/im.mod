TITLE M-type potassium current of neocortical pyramidal cells

COMMENT
    ik = gain gbar m (v - ek)

    a = 0.0033 exp((v + 35)/10),  b = 0.0033 exp(-(v + 35)/10)
    minf = a/(a + b),  mtau = 1/(qt (a + b)),  qt = 2.3^((celsius - 21)/10)

Adams, Brown & Constanti 1982, as in Hay et al. 2011, doi 10.1371/journal.pcbi.1002107, ModelDB 139653,
which fixes the temperature factor at 34 degC.  km.mod is the M current of other groups: it opens over a
wider range, with rates that grow linearly.
ENDCOMMENT

NEURON {
    SUFFIX dp_im
    USEION k READ ek WRITE ik
    RANGE gbar, gain
    RANGE ik, minf, mtau
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0 (S/cm2) <0, 1e9> : density
    gain = 1 (1)     <0, 1e3> : factor of the modulators on the density
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    minf (1)
    mtau (ms)
    qt (1)
}

STATE {
    m (1) <1e-3>
}

INITIAL {
    qt = 2.3^((celsius - 21(degC))/10(degC))
    rates(v)
    m = minf
}

BREAKPOINT {
    CONDUCTANCE g USEION k
    SOLVE states METHOD cnexp
    g = gain * gbar * m
    ik = g * (v - ek)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
}

PROCEDURE rates(v (mV)) { LOCAL a, b
    a = 0.0033(/ms) * exp((v + 35(mV))/10(mV))
    b = 0.0033(/ms) * exp(-(v + 35(mV))/10(mV))
    minf = a/(a + b)
    mtau = 1/(qt * (a + b))
}
