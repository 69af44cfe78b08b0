TITLE Hyperpolarisation-activated cation current of CA1 pyramidal cells

COMMENT
    i = gain gbar n (v - e)

    ninf = 1/(1 + exp((v - vhalf)/k))
    ntau = 2 (5 + 1/(exp(-(v + 145)/17.5) + exp((v + 16.8)/16.5))) below -30 mV, 1 above

Poirazi, Brannon & Mel 2003, doi 10.1016/S0896-6273(03)00149-1, ModelDB 20212 (after Magee 1998,
doi 10.1523/JNEUROSCI.18-19-07613.1998: activation moves 8 mV down in the dendrites).
No temperature factor: the constants are those of 34 degC.
ENDCOMMENT

NEURON {
    SUFFIX dp_hcn
    NONSPECIFIC_CURRENT i
    RANGE gbar, gain, vhalf, k, e
    RANGE i, ninf, ntau
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

PARAMETER {
    gbar  = 0   (S/cm2) <0, 1e9>   : density
    gain  = 1   (1)     <0, 1e3>   : factor of the modulators on the density
    vhalf = -82 (mV)               : half activation (soma -82, dendrite -90)
    k     = 8.8 (mV)    <1e-3, 1e3> : slope (soma 8.8, dendrite 8.5)
    e     = -10 (mV)               : reversal potential
}

ASSIGNED {
    v (mV)
    i (mA/cm2)
    g (S/cm2)
    ninf (1)
    ntau (ms)
}

STATE {
    n (1) <1e-3>
}

INITIAL {
    rates(v)
    n = ninf
}

BREAKPOINT {
    CONDUCTANCE g
    SOLVE states METHOD cnexp
    g = gain * gbar * n
    i = g * (v - e)
}

DERIVATIVE states {
    rates(v)
    n' = (ninf - n)/ntau
}

PROCEDURE rates(v (mV)) {
    ninf = 1/(1 + exp((v - vhalf)/k))
    if (v > -30(mV)) {
        ntau = 1(ms)
    } else {
        ntau = 2(ms) * (5 + 1/(exp(-(v + 145(mV))/17.5(mV)) + exp((v + 16.8(mV))/16.5(mV))))
    }
}
