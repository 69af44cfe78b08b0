TITLE Slow A-type potassium current of striatal projection neurons (Kv1.2)

COMMENT
    ik = gain gbar m^2 h (v - ek)

    am = 0.25/(1 + exp(-(v - 50)/20)),  bm = 0.05/(1 + exp((v + 90)/35))
    ah = 0.0025/(1 + exp((v + 95)/16)),  bh = 0.002/(1 + exp(-(v - 50)/70))
    minf = am/(am + bm),  hinf = 0.2 + 0.8 ah/(ah + bh),  tau = 1/(q (a + b))

Lindroos et al. 2018, doi 10.3389/fncir.2018.00003, ModelDB 237653 (after Shen et al. 2004).
No temperature factor but the fixed q.
ENDCOMMENT

NEURON {
    SUFFIX dp_kas
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
    q    = 3 (1) <1e-3, 1e3> : how much faster the gates are at 35 degC than where they were measured
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
    a = 0.25(/ms)/(1 + exp(-(v - 50(mV))/20(mV)))
    b = 0.05(/ms)/(1 + exp((v + 90(mV))/35(mV)))
    minf = a/(a + b)
    mtau = 1/(q * (a + b))
    a = 0.0025(/ms)/(1 + exp((v + 95(mV))/16(mV)))
    b = 0.002(/ms)/(1 + exp(-(v - 50(mV))/70(mV)))
    hinf = 0.2 + 0.8 * a/(a + b)
    htau = 1/(q * (a + b))
}
