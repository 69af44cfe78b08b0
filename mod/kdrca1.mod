TITLE Delayed-rectifier potassium current of CA1 pyramidal cells

COMMENT
    ik = gain gbar n (v - ek)

    p = -3e-3 (v - 13) F/RT:  ninf = 1/(1 + exp(p))
                              ntau = max(2, exp(0.7 p)/(0.02 (1 + exp(p))))

The rates do not depend on temperature beyond RT (Q10 = 1 in the source).
Migliore et al. 1999, doi 10.1023/A:1008906225285, ModelDB 2796 (after Klee, Ficker & Heinemann 1995).
ENDCOMMENT

NEURON {
    SUFFIX dp_kdrca1
    USEION k READ ek WRITE ik
    RANGE gbar, gain
    RANGE ik, ninf, ntau
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
    f (/mV)
}

STATE {
    n (1) <1e-3>
}

INITIAL {
    f = (1e-3) * F/(R * (celsius + 273.15(degC)))
    rates(v)
    n = ninf
}

BREAKPOINT {
    CONDUCTANCE g USEION k
    SOLVE states METHOD cnexp
    g = gain * gbar * n
    ik = g * (v - ek)
}

DERIVATIVE states {
    rates(v)
    n' = (ninf - n)/ntau
}

PROCEDURE rates(v (mV)) { LOCAL e, e2, e7, e10
    e = exp(-0.3 * f * (v - 13(mV))) : exp(p/10): its powers save a second exponential
    e2 = e * e
    e7 = e2 * e2 * e2 * e
    e10 = e7 * e2 * e
    ninf = 1/(1 + e10)
    ntau = e7/(0.02(/ms) * (1 + e10))
    if (ntau < 2(ms)) { ntau = 2(ms) }
}
