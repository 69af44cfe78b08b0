TITLE Persistent potassium current of neocortical pyramidal cells

COMMENT
    ik = gain gbar m^2 h (v - ek)

    u = v + 10
    minf = 1/(1 + exp(-(u + 1)/12))
    mtau = (1.25 + 175.03 exp(0.026 u))/qt for u < -50, (1.25 + 13 exp(-0.026 u))/qt above
    hinf = 1/(1 + exp((u + 54)/11)),  htau = (360 + (1010 + 24 (u + 55)) exp(-((u + 75)/48)^2))/qt
    qt = 2.3^((celsius - 21)/10)

Korngreen & Sakmann 2000, as in Hay et al. 2011, doi 10.1371/journal.pcbi.1002107, ModelDB 139653, which
moves it by 10 mV for the liquid junction and fixes the temperature factor at 34 degC.
ENDCOMMENT

NEURON {
    SUFFIX dp_kp
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
    g = gain * gbar * m * m * h
    ik = g * (v - ek)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

PROCEDURE rates(v (mV)) { LOCAL u, x
    u = v + 10(mV)
    minf = 1/(1 + exp(-(u + 1(mV))/12(mV)))
    if (u < -50(mV)) {
        mtau = (1.25(ms) + 175.03(ms) * exp(0.026(/mV) * u))/qt
    } else {
        mtau = (1.25(ms) + 13(ms) * exp(-0.026(/mV) * u))/qt
    }
    hinf = 1/(1 + exp((u + 54(mV))/11(mV)))
    x = (u + 75(mV))/48(mV)
    htau = (360(ms) + (1010(ms) + 24(ms/mV) * (u + 55(mV))) * exp(-x * x))/qt
}
