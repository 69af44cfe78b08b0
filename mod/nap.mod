TITLE Persistent sodium current of neocortical pyramidal cells

COMMENT
    ina = gain gbar m^3 h (v - ena)

    minf = 1/(1 + exp(-(v + 52.6)/4.6))
    x = (v + 38)/6:      mtau = 6/(qt (0.182 6 x/(1 - exp(-x)) + 0.124 6 x/(exp(x) - 1)))
    hinf = 1/(1 + exp((v + 48.8)/10))
    y = (v + 17)/4.63:   ah = 2.88e-6 4.63 y/(exp(y) - 1)
    z = (v + 64.4)/2.63: bh = 6.94e-6 2.63 z/(1 - exp(-z))
                         htau = 1/(qt (ah + bh)),  qt = 2.3^((celsius - 21)/10)

Magistretti & Alonso 1999, as in Hay et al. 2011, doi 10.1371/journal.pcbi.1002107, ModelDB 139653, which
fixes the temperature factor at 34 degC.
ENDCOMMENT

NEURON {
    SUFFIX dp_nap
    USEION na READ ena WRITE ina
    RANGE gbar, gain
    RANGE ina, minf, mtau, hinf, htau
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
    ena (mV)
    ina (mA/cm2)
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
    CONDUCTANCE g USEION na
    SOLVE states METHOD cnexp
    g = gain * gbar * m * m * m * h
    ina = g * (v - ena)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
}

PROCEDURE rates(v (mV)) { LOCAL x, e, a, b
    minf = 1/(1 + exp(-(v + 52.6(mV))/4.6(mV)))
    x = (v + 38(mV))/6(mV)
    e = linexp(x)
    mtau = 6/(qt * 6 * (0.182(/ms) * (x + e) + 0.124(/ms) * e))

    hinf = 1/(1 + exp((v + 48.8(mV))/10(mV)))
    a = 2.88e-6(/ms) * 4.63 * linexp((v + 17(mV))/4.63(mV))
    x = (v + 64.4(mV))/2.63(mV)
    b = 6.94e-6(/ms) * 2.63 * (x + linexp(x))
    htau = 1/(qt * (a + b))
}

FUNCTION linexp(x (1)) (1) { : x/(exp(x) - 1); x/(1 - exp(-x)) is x + linexp(x)
    if (fabs(x) < 1e-5) {
        linexp = 1 - x/2
    } else {
        linexp = x/(exp(x) - 1)
    }
}
