TITLE Small-conductance calcium-activated potassium current

COMMENT
    ik = gain gbar o (v - ek)

    oinf = 1/(1 + (0.00057/cai)^5.2) (mM),  otau = 4.9

Kohler et al. 1996, doi 10.1126/science.273.5282.1709, as in Lindroos et al. 2018,
doi 10.3389/fncir.2018.00003, ModelDB 237653.  No temperature factor.
ENDCOMMENT

NEURON {
    SUFFIX dp_sk
    USEION ca READ cai
    USEION k READ ek WRITE ik
    RANGE gbar, gain
    RANGE ik, oinf
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (mM) = (milli/liter)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0   (S/cm2) <0, 1e9>    : density
    gain = 1   (1)     <0, 1e3>    : factor of the modulators on the density
    otau = 4.9 (ms)    <1e-3, 1e9> : time constant
}

ASSIGNED {
    v (mV)
    cai (mM)
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    oinf (1)
}

STATE {
    o (1) <1e-3>
}

INITIAL {
    rates(cai)
    o = oinf
}

BREAKPOINT {
    CONDUCTANCE g USEION k
    SOLVE states METHOD cnexp
    g = gain * gbar * o
    ik = g * (v - ek)
}

DERIVATIVE states {
    rates(cai)
    o' = (oinf - o)/otau
}

PROCEDURE rates(cai (mM)) {
    oinf = 1/(1 + (0.00057(mM)/cai)^5.2)
}
