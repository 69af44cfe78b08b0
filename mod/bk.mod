TITLE Large-conductance calcium- and voltage-activated potassium current

COMMENT
    ik = gain gbar o (v - ek)

    z = 2 F v/RT:  a = 0.48 cai/(cai + 0.003 exp(-0.84 z)),  b = 0.28/(1 + cai/(0.009 exp(-z)))  (mM)
                   oinf = a/(a + b),  otau = 1/(a + b)

Moczydlowski & Latorre 1983, doi 10.1085/jgp.82.4.511, as in Lindroos et al. 2018,
doi 10.3389/fncir.2018.00003, ModelDB 237653.  No temperature factor beyond RT.
ENDCOMMENT

NEURON {
    SUFFIX dp_bk
    USEION ca READ cai
    USEION k READ ek WRITE ik
    RANGE gbar, gain
    RANGE ik, oinf, otau
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
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    oinf (1)
    otau (ms)
    f (mV)
}

STATE {
    o (1) <1e-3>
}

INITIAL {
    f = (1e3) * R * (celsius + 273.15(degC))/(2 * F)
    rates(v, cai)
    o = oinf
}

BREAKPOINT {
    CONDUCTANCE g USEION k
    SOLVE states METHOD cnexp
    g = gain * gbar * o
    ik = g * (v - ek)
}

DERIVATIVE states {
    rates(v, cai)
    o' = (oinf - o)/otau
}

PROCEDURE rates(v (mV), cai (mM)) { LOCAL a, b
    a = 0.48(/ms) * cai/(cai + 0.003(mM) * exp(-0.84 * v/f))
    b = 0.28(/ms)/(1 + cai/(0.009(mM) * exp(-v/f)))
    oinf = a/(a + b)
    otau = 1/(a + b)
}
