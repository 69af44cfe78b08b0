TITLE Small-conductance calcium-activated potassium current

COMMENT
    ik = gain gbar o (v - ek)

    oinf = 1/(1 + (khalf/cai)^hill)

Kohler et al. 1996, doi 10.1126/science.273.5282.1709, as in Lindroos et al. 2018,
doi 10.3389/fncir.2018.00003, ModelDB 237653, which the defaults are; khalf = 0.43 uM, hill = 4.8 and
otau = 1 ms in Hay et al. 2011, doi 10.1371/journal.pcbi.1002107.  No temperature factor.
ENDCOMMENT

NEURON {
    SUFFIX dp_sk
    USEION ca READ cai
    USEION k READ ek WRITE ik
    RANGE gbar, gain, khalf, hill, otau
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
    gbar  = 0      (S/cm2) <0, 1e9>    : density
    gain  = 1      (1)     <0, 1e3>    : factor of the modulators on the density
    khalf = 5.7e-4 (mM)    <1e-9, 1>   : calcium that opens half of the channels
    hill  = 5.2    (1)     <1, 20>     : steepness
    otau  = 4.9    (ms)    <1e-3, 1e9> : time constant
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
    oinf = 1/(1 + (khalf/cai)^hill)
}
