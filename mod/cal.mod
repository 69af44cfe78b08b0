TITLE L-type calcium current of CA1 pyramidal cells

COMMENT
    ica = gain gbar m h2 U(v)

    x = -(v + 27.01)/3.8:  a = 0.055 3.8 x/(exp(x) - 1),  b = 0.94 exp(-(v + 63.01)/17)
        minf = a/(a + b),  mtau = 1/(5 (a + b))
    h2 = 0.001/(0.001 + cai)      inactivation by calcium, instantaneous (mM)
    U(v) = -f (1 - cai/cao exp(v/f)) (v/f)/(exp(v/f) - 1),  f = RT/2F    (mV; Goldman-Hodgkin-Katz)

Poirazi, Brannon & Mel 2003, doi 10.1016/S0896-6273(03)00149-1, ModelDB 20212.
No temperature factor beyond RT.
ENDCOMMENT

NEURON {
    SUFFIX dp_cal
    USEION ca READ cai, cao WRITE ica
    RANGE gbar, gain
    RANGE ica, minf, mtau
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (mM) = (milli/liter)
    (S) = (siemens)
    F = (faraday) (coulomb)
    R = (k-mole) (joule/degC)
}

PARAMETER {
    gbar = 0 (S/cm2) <0, 1e9> : density
    gain = 1 (1)     <0, 1e3> : factor of the modulators on the density
}

ASSIGNED {
    v (mV)
    celsius (degC)
    cai (mM)
    cao (mM)
    ica (mA/cm2)
    minf (1)
    mtau (ms)
    f (mV)
}

STATE {
    m (1) <1e-3>
}

INITIAL {
    f = (1e3) * R * (celsius + 273.15(degC))/(2 * F)
    rates(v)
    m = minf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
    ica = gain * gbar * m * 0.001(mM)/(0.001(mM) + cai) * ghk(v)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
}

PROCEDURE rates(v (mV)) { LOCAL a, b
    a = 0.055(/ms) * 3.8 * linexp(-(v + 27.01(mV))/3.8(mV))
    b = 0.94(/ms) * exp(-(v + 63.01(mV))/17(mV))
    minf = a/(a + b)
    mtau = 1/(5 * (a + b))
}

FUNCTION ghk(v (mV)) (mV) { LOCAL z, e : exp(z) linexp(z) is z + linexp(z)
    z = v/f
    e = linexp(z)
    ghk = -f * (e - cai/cao * (z + e))
}

FUNCTION linexp(x (1)) (1) { : x/(exp(x) - 1)
    if (fabs(x) < 1e-5) {
        linexp = 1 - x/2
    } else {
        linexp = x/(exp(x) - 1)
    }
}
