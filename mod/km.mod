TITLE M-type potassium current

COMMENT
    ik = gain gbar n (v - ek)

    x = (v + 30)/9:  a = 0.001 9 x/(1 - exp(-x)),  b = 0.001 9 x/(exp(x) - 1)
                     ninf = a/(a + b),  ntau = 1/(qt (a + b))
    qt = 2.3^((celsius - 23)/10)

Mainen & Sejnowski 1996, doi 10.1038/382363a0, ModelDB 2488.  Left out: the temperature factor on the
conductance; gbar is the density at the temperature of the run.
ENDCOMMENT

NEURON {
    SUFFIX dp_km
    USEION k READ ek WRITE ik
    RANGE gbar, gain
    RANGE ik, ninf, ntau
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
}

ASSIGNED {
    v (mV)
    celsius (degC)
    ek (mV)
    ik (mA/cm2)
    g (S/cm2)
    ninf (1)
    ntau (ms)
    qt (1)
}

STATE {
    n (1) <1e-3>
}

INITIAL {
    qt = 2.3^((celsius - 23(degC))/10(degC))
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

PROCEDURE rates(v (mV)) { LOCAL x, e
    x = (v + 30(mV))/9(mV)
    e = linexp(x)
    ninf = (x + e)/(x + 2 * e)
    ntau = 1/(qt * 0.001(/ms) * 9 * (x + 2 * e))
}

FUNCTION linexp(x (1)) (1) { : x/(exp(x) - 1); x/(1 - exp(-x)) is x + linexp(x)
    if (fabs(x) < 1e-5) {
        linexp = 1 - x/2
    } else {
        linexp = x/(exp(x) - 1)
    }
}
