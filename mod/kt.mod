TITLE Transient potassium current of neocortical pyramidal cells

COMMENT
    ik = gain gbar m^4 h (v - ek)

    u = v + 10
    minf = 1/(1 + exp(-u/19)),        mtau = (0.34 + 0.92 exp(-((u + 71)/59)^2))/qt
    hinf = 1/(1 + exp((u + 66)/10)),  htau = (8 + 49 exp(-((u + 73)/23)^2))/qt
    qt = 2.3^((celsius - 21)/10)

Korngreen & Sakmann 2000, as in Hay et al. 2011, doi 10.1371/journal.pcbi.1002107, ModelDB 139653, which
moves it by 10 mV for the liquid junction and fixes the temperature factor at 34 degC.
ENDCOMMENT

NEURON {
    SUFFIX dp_kt
    USEION k READ ek WRITE ik
    RANGE gbar, gain
    RANGE ik, minf, mtau, hinf, htau
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
    CONDUCTANCE g USEION k
    SOLVE states METHOD cnexp
    g = gain * gbar * m * m * m * m * h
    ik = g * (v - ek)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

PROCEDURE rates(v (mV)) { LOCAL u, x
    u = v + 10(mV)
    minf = 1/(1 + exp(-u/19(mV)))
    x = (u + 71(mV))/59(mV)
    mtau = (0.34(ms) + 0.92(ms) * exp(-x * x))/qt
    hinf = 1/(1 + exp((u + 66(mV))/10(mV)))
    x = (u + 73(mV))/23(mV)
    htau = (8(ms) + 49(ms) * exp(-x * x))/qt
}
