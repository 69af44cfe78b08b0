TITLE Transient sodium current of neocortical pyramidal cells

COMMENT
    ina = gain gbar m^3 h (v - ena)

    u = v - vshift
    x = (u + 38)/6:  am = 0.182 6 x/(1 - exp(-x)),  bm = 0.124 6 x/(exp(x) - 1)
    y = (u + 66)/6:  ah = 0.015 6 y/(exp(y) - 1),   bh = 0.015 6 y/(1 - exp(-y))
    inf = a/(a + b),  tau = 1/(qt (a + b)),  qt = 2.3^((celsius - 21)/10)

Colbert & Pan 2002, as in Hay et al. 2011, doi 10.1371/journal.pcbi.1002107, ModelDB 139653, where
vshift = 0; Markram et al. 2015, doi 10.1016/j.cell.2015.09.029, take vshift = 6 in soma and dendrites.
The published files fix the temperature factor at 34 degC.
ENDCOMMENT

NEURON {
    SUFFIX dp_nat
    USEION na READ ena WRITE ina
    RANGE gbar, gain, vshift
    RANGE ina, minf, mtau, hinf, htau
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

PARAMETER {
    gbar   = 0 (S/cm2) <0, 1e9> : density
    gain   = 1 (1)     <0, 1e3> : factor of the modulators on the density
    vshift = 0 (mV) <-50, 50>   : how far all gates lie to the right
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
    x = (v - vshift + 38(mV))/6(mV)
    e = linexp(x)
    a = 0.182(/ms) * 6 * (x + e)
    b = 0.124(/ms) * 6 * e
    minf = a/(a + b)
    mtau = 1/(qt * (a + b))

    x = (v - vshift + 66(mV))/6(mV)
    e = linexp(x)
    hinf = e/(x + 2 * e)
    htau = 1/(qt * 0.015(/ms) * 6 * (x + 2 * e))
}

FUNCTION linexp(x (1)) (1) { : x/(exp(x) - 1); x/(1 - exp(-x)) is x + linexp(x)
    if (fabs(x) < 1e-5) {
        linexp = 1 - x/2
    } else {
        linexp = x/(exp(x) - 1)
    }
}
