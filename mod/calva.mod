TITLE Low-voltage-activated calcium current of neocortical pyramidal cells

COMMENT
    ica = gain gbar m^2 h (v - eca)

    u = v + 10
    minf = 1/(1 + exp(-(u + 30)/6)),   mtau = (5 + 20/(1 + exp((u + 25)/5)))/qt
    hinf = 1/(1 + exp((u + 80)/6.4)),  htau = (20 + 50/(1 + exp((u + 40)/7)))/qt
    qt = 2.3^((celsius - 21)/10)

Avery & Johnston 1996 and Randall & Tsien 1997, as in Hay et al. 2011, doi 10.1371/journal.pcbi.1002107,
ModelDB 139653, which moves it by 10 mV for the liquid junction and fixes the temperature factor at
34 degC.  eca follows cai by Nernst's equation where there is a pool.
ENDCOMMENT

NEURON {
    SUFFIX dp_calva
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
    celsius (degC)
    eca (mV)
    ica (mA/cm2)
    g (S/cm2)
    minf (1)
    mtau (ms)
    hinf (1)
    htau (ms)
    qt (1)
}

STATE {
    m (1) <1e-3>
    h (1) <1e-3>
}

INITIAL {
    qt = 2.3^((celsius - 21(degC))/10(degC))
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

PROCEDURE rates(v (mV)) { LOCAL u
    u = v + 10(mV)
    minf = 1/(1 + exp(-(u + 30(mV))/6(mV)))
    mtau = (5(ms) + 20(ms)/(1 + exp((u + 25(mV))/5(mV))))/qt
    hinf = 1/(1 + exp((u + 80(mV))/6.4(mV)))
    htau = (20(ms) + 50(ms)/(1 + exp((u + 40(mV))/7(mV))))/qt
}
