TITLE R-type calcium current of striatal projection neurons (Cav2.3)

COMMENT
    ica = gain pbar m^3 h U(v)

    minf = 1/(1 + exp(-(v + 29)/9.6)),  mtau = 15.3/q
    hinf = 1/(1 + exp((v + 33.3)/17)),  htau = (22 + 80/(1 + exp((v + 19)/5)))/q
    U(v) = 2 F (cai z/(1 - exp(-z)) - cao z/(exp(z) - 1)),  z = 2 F v/RT    (Goldman-Hodgkin-Katz)

Lindroos et al. 2018, doi 10.3389/fncir.2018.00003, ModelDB 237653 (after Foehring et al. 2000).
No temperature factor but the fixed q.
ENDCOMMENT

NEURON {
    SUFFIX dp_car
    USEION ca READ cai, cao WRITE ica
    RANGE pbar, gain
    RANGE ica, minf, mtau, hinf, htau
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (mM) = (milli/liter)
    F = (faraday) (coulomb)
    R = (k-mole) (joule/degC)
}

PARAMETER {
    pbar = 0 (cm/s) <0, 1e9> : permeability density
    gain = 1 (1)    <0, 1e3> : factor of the modulators on the density
    q    = 3 (1) <1e-3, 1e3> : how much faster the gates are at 35 degC than where they were measured
}

ASSIGNED {
    v (mV)
    celsius (degC)
    cai (mM)
    cao (mM)
    ica (mA/cm2)
    minf (1)
    mtau (ms)
    hinf (1)
    htau (ms)
    f (mV)
}

STATE {
    m (1) <1e-3>
    h (1) <1e-3>
}

INITIAL {
    f = (1e3) * R * (celsius + 273.15(degC))/(2 * F)
    rates(v)
    m = minf
    h = hinf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ica = gain * pbar * m * m * m * h * ghk(v)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

PROCEDURE rates(v (mV)) {
    minf = 1/(1 + exp(-(v + 29(mV))/9.6(mV)))
    mtau = 15.3(ms)/q
    hinf = 1/(1 + exp((v + 33.3(mV))/17(mV)))
    htau = (22(ms) + 80(ms)/(1 + exp((v + 19(mV))/5(mV))))/q
}

FUNCTION ghk(v (mV)) (mA-s/cm3) { LOCAL z, e : linexp(-z) is z + linexp(z)
    z = v/f
    e = linexp(z)
    ghk = (1e-3) * 2 * F * (cai * (z + e) - cao * e)
}

FUNCTION linexp(x (1)) (1) { : x/(exp(x) - 1)
    if (fabs(x) < 1e-5) {
        linexp = 1 - x/2
    } else {
        linexp = x/(exp(x) - 1)
    }
}
