TITLE A-type potassium current of CA1 pyramidal cells, proximal form

COMMENT
    ik = gain gbar n l (v - ek)

    zeta = -1.5 - 1/(1 + exp((v + 40)/5)),  p = 1e-3 zeta (v - 11) F/RT
        ninf = 1/(1 + exp(p)),  ntau = max(0.1, exp(0.55 p)/(qt 0.05 (1 + exp(p))))
    linf = 1/(1 + exp(3e-3 (v + 56) F/RT)),  ltau = max(2, 0.26 (v + 50))
    qt = 5^((celsius - 24)/10) for n

Found at the soma and on apical dendrites nearer than 100 um.
Hoffman et al. 1997, doi 10.1038/43119; equations as in Migliore et al. 1999,
doi 10.1023/A:1008906225285, ModelDB 2796.
ENDCOMMENT

NEURON {
    SUFFIX dp_kap
    USEION k READ ek WRITE ik
    RANGE gbar, gain
    RANGE ik, ninf, ntau, linf, ltau
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
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
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    ninf (1)
    ntau (ms)
    linf (1)
    ltau (ms)
    qt (1)
    f (/mV)
}

STATE {
    n (1) <1e-3>
    l (1) <1e-3>
}

INITIAL {
    qt = 5^((celsius - 24(degC))/10(degC))
    f = (1e-3) * F/(R * (celsius + 273.15(degC)))
    rates(v)
    n = ninf
    l = linf
}

BREAKPOINT {
    CONDUCTANCE g USEION k
    SOLVE states METHOD cnexp
    g = gain * gbar * n * l
    ik = g * (v - ek)
}

DERIVATIVE states {
    rates(v)
    n' = (ninf - n)/ntau
    l' = (linf - l)/ltau
}

PROCEDURE rates(v (mV)) { LOCAL p, e
    p = (-1.5 - 1/(1 + exp((v + 40(mV))/5(mV)))) * f * (v - 11(mV))
    e = exp(p)
    ninf = 1/(1 + e)
    ntau = exp(0.55 * p)/(qt * 0.05(/ms) * (1 + e))
    if (ntau < 0.1(ms)) { ntau = 0.1(ms) }
    linf = 1/(1 + exp(3 * f * (v + 56(mV))))
    ltau = 0.26(ms/mV) * (v + 50(mV))
    if (ltau < 2(ms)) { ltau = 2(ms) }
}
