TITLE Fast A-type potassium current of striatal projection neurons (Kv4.2)

COMMENT
    ik = gain gbar m^2 h (v - ek)

    am = 1.5/(1 + exp(-(v - 4)/17)),  bm = 0.6/(1 + exp((v - 10)/9))
    ah = 0.105/(1 + exp((v + 121)/22)),  bh = 0.065/(1 + exp(-(v + 55)/11))
    inf = a/(a + b),  tau = 1/(q (a + b))

Lindroos et al. 2018, doi 10.3389/fncir.2018.00003, ModelDB 237653 (after Tkatch, Baranauskas & Surmeier 2000).
No temperature factor but the fixed q.
ENDCOMMENT

NEURON {
    SUFFIX dp_kaf
    USEION k READ ek WRITE ik
    RANGE gbar, gain
    RANGE ik, minf, mtau, hinf, htau
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
    q    = 2 (1) <1e-3, 1e3> : how much faster the gates are at 35 degC than where they were measured
}

ASSIGNED {
    v (mV)
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    minf (1)
    mtau (ms)
    hinf (1)
    htau (ms)
}

STATE {
    m (1) <1e-3>
    h (1) <1e-3>
}

INITIAL {
    rates(v)
    m = minf
    h = hinf
}

BREAKPOINT {
    CONDUCTANCE g USEION k
    SOLVE states METHOD cnexp
    g = gain * gbar * m * m * h
    ik = g * (v - ek)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

PROCEDURE rates(v (mV)) { LOCAL a, b
    a = 1.5(/ms)/(1 + exp(-(v - 4(mV))/17(mV)))
    b = 0.6(/ms)/(1 + exp((v - 10(mV))/9(mV)))
    minf = a/(a + b)
    mtau = 1/(q * (a + b))
    a = 0.105(/ms)/(1 + exp((v + 121(mV))/22(mV)))
    b = 0.065(/ms)/(1 + exp(-(v + 55(mV))/11(mV)))
    hinf = a/(a + b)
    htau = 1/(q * (a + b))
}
