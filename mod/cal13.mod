TITLE L-type calcium current of striatal projection neurons (Cav1.3)

COMMENT
    ica = gain pbar m^2 h U(v)

    minf = 1/(1 + exp(-(v + 33)/6.7))
    mtau = (0.06 + 1/(exp((v - 10)/20) + exp(-(v + 17)/48)))/q
    hinf = 1/(1 + exp((v + 13.4)/11.9)),  htau = 44.3/q
    U(v) = 2 F (cai z/(1 - exp(-z)) - cao z/(exp(z) - 1)),  z = 2 F v/RT    (Goldman-Hodgkin-Katz)

Lindroos et al. 2018, doi 10.3389/fncir.2018.00003, ModelDB 237653 (after Kasai & Neher 1992).
No temperature factor but the fixed q.
It feeds the one calcium pool; the source keeps L-type calcium apart.
ENDCOMMENT

NEURON {
    SUFFIX dp_cal13
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
    ica = gain * pbar * m * m * h * ghk(v)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

PROCEDURE rates(v (mV)) {
    minf = 1/(1 + exp(-(v + 33(mV))/6.7(mV)))
    mtau = (0.06(ms) + 1(ms)/(exp((v - 10(mV))/20(mV)) + exp(-(v + 17(mV))/48(mV))))/q
    hinf = 1/(1 + exp((v + 13.4(mV))/11.9(mV)))
    htau = 44.3(ms)/q
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
