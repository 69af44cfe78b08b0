TITLE N-type calcium current of striatal projection neurons (Cav2.2)

COMMENT
    ica = gain pbar m^2 (0.21 h + 0.79) U(v)

    minf = 1/(1 + exp(-(v + 3)/8))
    mtau = 2 (0.06 + 1/(exp((v - 25)/18) + exp(-(v + 31)/44)))/q
    hinf = 1/(1 + exp((v + 74.8)/6.5)),  htau = 70/q
    U(v) = 2 F (cai z/(1 - exp(-z)) - cao z/(exp(z) - 1)),  z = 2 F v/RT    (Goldman-Hodgkin-Katz)

Lindroos et al. 2018, doi 10.3389/fncir.2018.00003, ModelDB 237653 (after Bargas et al. 1994).
No temperature factor but the fixed q.
ENDCOMMENT

NEURON {
    SUFFIX dp_can
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
    q    = 2 (1) <1e-3, 1e3> : how much faster the gates are at 35 degC than where they were measured
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
    ica = gain * pbar * m * m * (0.21 * h + 0.79) * ghk(v)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

PROCEDURE rates(v (mV)) {
    minf = 1/(1 + exp(-(v + 3(mV))/8(mV)))
    mtau = 2 * (0.06(ms) + 1(ms)/(exp((v - 25(mV))/18(mV)) + exp(-(v + 31(mV))/44(mV))))/q
    hinf = 1/(1 + exp((v + 74.8(mV))/6.5(mV)))
    htau = 70(ms)/q
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
