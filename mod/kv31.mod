TITLE Fast non-inactivating potassium current (Kv3.1)

COMMENT
    ik = gain gbar m (v - ek)

    minf = 1/(1 + exp(-(v - 18.7)/9.7)),  mtau = 4/(1 + exp(-(v + 46.56)/44.14))

Rettig et al. 1992, as in Hay et al. 2011, doi 10.1371/journal.pcbi.1002107, ModelDB 139653.
No temperature factor.
ENDCOMMENT

NEURON {
    SUFFIX dp_kv31
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
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    minf (1)
    mtau (ms)
}

STATE {
    m (1) <1e-3>
}

INITIAL {
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

PROCEDURE rates(v (mV)) {
    minf = 1/(1 + exp(-(v - 18.7(mV))/9.7(mV)))
    mtau = 4(ms)/(1 + exp(-(v + 46.56(mV))/44.14(mV)))
}
