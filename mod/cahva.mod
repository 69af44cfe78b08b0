TITLE High-voltage-activated calcium current of neocortical pyramidal cells

COMMENT
    ica = gain gbar m^2 h (v - eca)

    x = -(v + 27)/3.8:  am = 0.055 3.8 x/(exp(x) - 1),  bm = 0.94 exp(-(v + 75)/17)
    ah = 0.000457 exp(-(v + 13)/50),  bh = 0.0065/(1 + exp(-(v + 15)/28))
    inf = a/(a + b),  tau = 1/(a + b)

Reuveni et al. 1993, as in Hay et al. 2011, doi 10.1371/journal.pcbi.1002107, ModelDB 139653.
No temperature factor.  eca follows cai by Nernst's equation where there is a pool.
ENDCOMMENT

NEURON {
    SUFFIX dp_cahva
    USEION ca READ eca WRITE ica
    RANGE gbar, gain
    RANGE ica, minf, mtau, hinf, htau
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
    eca (mV)
    ica (mA/cm2)
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
    CONDUCTANCE g USEION ca
    SOLVE states METHOD cnexp
    g = gain * gbar * m * m * h
    ica = g * (v - eca)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

PROCEDURE rates(v (mV)) { LOCAL a, b
    a = 0.055(/ms) * 3.8 * linexp(-(v + 27(mV))/3.8(mV))
    b = 0.94(/ms) * exp(-(v + 75(mV))/17(mV))
    minf = a/(a + b)
    mtau = 1/(a + b)
    a = 0.000457(/ms) * exp(-(v + 13(mV))/50(mV))
    b = 0.0065(/ms)/(1 + exp(-(v + 15(mV))/28(mV)))
    hinf = a/(a + b)
    htau = 1/(a + b)
}

FUNCTION linexp(x (1)) (1) { : x/(exp(x) - 1); x/(1 - exp(-x)) is x + linexp(x)
    if (fabs(x) < 1e-5) {
        linexp = 1 - x/2
    } else {
        linexp = x/(exp(x) - 1)
    }
}
