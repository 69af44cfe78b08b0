TITLE Sodium current of CA1 pyramidal cells with slow inactivation

COMMENT
    ina = gain gbar m^3 h s (v - ena)

    x = (v + 30)/7.2:  am = 0.4 7.2 x/(1 - exp(-x)),  bm = 0.124 7.2 x/(exp(x) - 1)
        minf = am/(am + bm),  mtau = max(0.02, 1/(qt (am + bm)))
    y = (v + 45)/1.5:  ah = 0.03 1.5 y/(1 - exp(-y)),  bh = 0.01 1.5 y/(exp(y) - 1)
        hinf = 1/(1 + exp((v + 50)/4)),  htau = max(0.5, 1/(qt (ah + bh)))
    p = 12e-3 (v + 60) F/RT:
        sinf = (1 + ar2 exp((v + 58)/2))/(1 + exp((v + 58)/2))
        stau = max(10, exp(0.2 p)/(0.0003 (1 + exp(p))))
    qt = 2^((celsius - 24)/10) for m and h

ar2 = 1 takes the slow inactivation away; ar2 = 0 is the most there can be.
Migliore et al. 1999, doi 10.1023/A:1008906225285, ModelDB 2796; used by Jarsky et al. 2005,
doi 10.1038/nn1599.  Left out: the shift of activation that later versions carry.
ENDCOMMENT

NEURON {
    SUFFIX dp_na3
    USEION na READ ena WRITE ina
    RANGE gbar, gain, ar2
    RANGE ina, minf, mtau, hinf, htau, sinf, stau
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
    ar2  = 1 (1)     <0, 1>   : share of the channels that never inactivate slowly
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
    sinf (1)
    stau (ms)
    qt (1)
    fs (/mV)
}

STATE {
    m (1) <1e-3>
    h (1) <1e-3>
    s (1) <1e-3>
}

INITIAL {
    qt = 2^((celsius - 24(degC))/10(degC))
    fs = (1e-3) * 12 * F/(R * (celsius + 273.15(degC)))
    rates(v)
    m = minf
    h = hinf
    s = sinf
}

BREAKPOINT {
    CONDUCTANCE g USEION na
    SOLVE states METHOD cnexp
    g = gain * gbar * m * m * m * h * s
    ina = g * (v - ena)
}

DERIVATIVE states {
    rates(v)
    m' = (minf - m)/mtau
    h' = (hinf - h)/htau
    s' = (sinf - s)/stau
}

PROCEDURE rates(v (mV)) { LOCAL x, e, a, b
    x = (v + 30(mV))/7.2(mV)
    e = linexp(x)
    a = 0.4(/ms) * 7.2 * (x + e)
    b = 0.124(/ms) * 7.2 * e
    minf = a/(a + b)
    mtau = 1/(qt * (a + b))
    if (mtau < 0.02(ms)) { mtau = 0.02(ms) }

    x = (v + 45(mV))/1.5(mV)
    e = linexp(x)
    htau = 1/(qt * 1.5 * (0.03(/ms) * (x + e) + 0.01(/ms) * e))
    if (htau < 0.5(ms)) { htau = 0.5(ms) }
    e = exp((v + 50(mV))/4(mV))
    hinf = 1/(1 + e)

    e = 54.598150033144236 * e * e : exp((v + 58)/2), as exp(4) exp((v + 50)/4)^2
    sinf = (1 + ar2 * e)/(1 + e)
    e = exp(0.2 * fs * (v + 60(mV)))
    stau = e/(0.0003(/ms) * (1 + e * e * e * e * e))
    if (stau < 10(ms)) { stau = 10(ms) }
}

FUNCTION linexp(x (1)) (1) { : x/(exp(x) - 1); x/(1 - exp(-x)) is x + linexp(x)
    if (fabs(x) < 1e-5) {
        linexp = 1 - x/2
    } else {
        linexp = x/(exp(x) - 1)
    }
}
