TITLE Hyperpolarisation-activated cation current of neocortical pyramidal cells

COMMENT
    i = gain gbar m (v - e)

    x = (v + 154.9)/11.9:  a = 0.00643 11.9 x/(exp(x) - 1),  b = 0.193 exp(v/33.1)
    minf = a/(a + b),  mtau = 1/(a + b)

Kole, Hallermann & Stuart 2006, doi 10.1523/JNEUROSCI.3664-05.2006, as in Hay et al. 2011,
doi 10.1371/journal.pcbi.1002107, ModelDB 139653.  No temperature factor: measured at 34 degC.
ENDCOMMENT

NEURON {
    SUFFIX dp_ih
    NONSPECIFIC_CURRENT i
    RANGE gbar, gain, e
    RANGE i, minf, mtau
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

PARAMETER {
    gbar = 0   (S/cm2) <0, 1e9> : density
    gain = 1   (1)     <0, 1e3> : factor of the modulators on the density
    e    = -45 (mV)             : reversal potential
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
    g (S/cm2)
    minf (1)
    mtau (ms)
}

STATE {
    m (1) <1e-3>
}

INITIAL {
    rates(v)
    m = minf
}

BREAKPOINT {
    CONDUCTANCE g
    SOLVE states METHOD cnexp
    g = gain * gbar * m
    i = g * (v - e)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
}

PROCEDURE rates(v (mV)) { LOCAL a, b
    a = 0.00643(/ms) * 11.9 * linexp((v + 154.9(mV))/11.9(mV))
    b = 0.193(/ms) * exp(v/33.1(mV))
    minf = a/(a + b)
    mtau = 1/(a + b)
}

FUNCTION linexp(x (1)) (1) { : x/(exp(x) - 1); x/(1 - exp(-x)) is x + linexp(x)
    if (fabs(x) < 1e-5) {
        linexp = 1 - x/2
    } else {
        linexp = x/(exp(x) - 1)
    }
}
