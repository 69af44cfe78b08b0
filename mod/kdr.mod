TITLE Delayed-rectifier potassium current of striatal projection neurons

COMMENT
    ik = gain gbar m (v - ek)

    minf = 1/(1 + exp(-(v + 13)/9.09))
    mtau = 50 exp(-(v + 13)/12.5)/(q (1 + exp(-(v + 13)/9.09)))

Lindroos et al. 2018, doi 10.3389/fncir.2018.00003, ModelDB 237653 (after Migliore et al. 1999).
No temperature factor but the fixed q.
ENDCOMMENT

NEURON {
    SUFFIX dp_kdr
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
    q    = 3 (1) <1e-3, 1e3> : how much faster the gates are at 35 degC than where they were measured
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
    minf = 1/(1 + exp(-(v + 13(mV))/9.09(mV)))
    mtau = 50(ms) * exp(-(v + 13(mV))/12.5(mV)) * minf/q
}
