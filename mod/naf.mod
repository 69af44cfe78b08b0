TITLE Fast sodium current of striatal projection neurons

COMMENT
    ina = gain gbar m^3 h (v - ena)

    minf = 1/(1 + exp(-(v + 25)/9.2))
    mtau = (0.38 + 1/(0.6 exp((v + 58)/8) + 1.8 exp(-(v + 58)/35)))/q
    hinf = 1/(1 + exp((v + 62)/6))
    htau = (3.4 + 0.015 v)/q below -60 mV,
           (0.56 + 1.1/(1 + exp((v + 48)/15)) + 1.2/(1 + exp((v + 48)/4)))/q above

Lindroos et al. 2018, doi 10.3389/fncir.2018.00003, ModelDB 237653 (after Ogata & Tatebayashi 1990).
No temperature factor but the fixed q.
ENDCOMMENT

NEURON {
    SUFFIX dp_naf
    USEION na READ ena WRITE ina
    RANGE gbar, gain
    RANGE ina, minf, mtau, hinf, htau
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
    q    = 1.8 (1) <1e-3, 1e3> : how much faster the gates are at 35 degC than where they were measured
}

ASSIGNED {
    v (mV)
    ena (mV)
    ina (mA/cm2)
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
    CONDUCTANCE g USEION na
    SOLVE states METHOD cnexp
    g = gain * gbar * m * m * m * h
    ina = g * (v - ena)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

PROCEDURE rates(v (mV)) {
    minf = 1/(1 + exp(-(v + 25(mV))/9.2(mV)))
    mtau = (0.38(ms) + 1(ms)/(0.6 * exp((v + 58(mV))/8(mV)) + 1.8 * exp(-(v + 58(mV))/35(mV))))/q
    hinf = 1/(1 + exp((v + 62(mV))/6(mV)))
    if (v < -60(mV)) {
        htau = (3.4(ms) + 0.015(ms/mV) * v)/q
    } else {
        htau = (0.56(ms) + 1.1(ms)/(1 + exp((v + 48(mV))/15(mV))) + 1.2(ms)/(1 + exp((v + 48(mV))/4(mV))))/q
    }
}
