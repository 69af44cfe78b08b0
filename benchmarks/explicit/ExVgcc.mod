TITLE Calcium channels of an explicit spine head: R-type (m^2 h), L-type (m) and T-type (m h)

COMMENT
The channels of mod/spine.mod written as one would without it: a density mechanism with cnexp.
ENDCOMMENT

NEURON {
    SUFFIX exvgcc
    USEION ca WRITE ica
    RANGE gbar
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mV) = (millivolt)
    (S) = (siemens)
}

PARAMETER {
    gbar     = 0.007 (S/cm2)
    e_ca     = 120   (mV)
    vhalf_m  = -5.9  (mV)
    k_m      = 9.5   (mV)
    tau_m    = 1     (ms)
    vhalf_h  = -39   (mV)
    k_h      = 9.2   (mV)
    tau_h    = 27    (ms)
    share_L  = 0.1   (1)
    share_T  = 0.02  (1)
    vhalf_L  = 9.7   (mV)
    k_L      = 7     (mV)
    vhalf_mT = -32   (mV)
    k_mT     = 7     (mV)
    vhalf_hT = -70   (mV)
    k_hT     = 6.5   (mV)
    tau_hT   = 50    (ms)
}

ASSIGNED {
    v (mV)
    ica (mA/cm2)
}

STATE {
    m (1)
    h (1)
    mL (1)
    mT (1)
    hT (1)
}

INITIAL {
    m = open(vhalf_m, k_m)
    h = 1 - open(vhalf_h, k_h)
    mL = open(vhalf_L, k_L)
    mT = open(vhalf_mT, k_mT)
    hT = 1 - open(vhalf_hT, k_hT)
}

BREAKPOINT {
    SOLVE gates METHOD cnexp
    ica = gbar*((1 - share_L - share_T)*m*m*h + share_L*mL + share_T*mT*hT)*(v - e_ca)
}

DERIVATIVE gates {
    m' = (open(vhalf_m, k_m) - m)/tau_m
    h' = (1 - open(vhalf_h, k_h) - h)/tau_h
    mL' = (open(vhalf_L, k_L) - mL)/tau_m
    mT' = (open(vhalf_mT, k_mT) - mT)/tau_m
    hT' = (1 - open(vhalf_hT, k_hT) - hT)/tau_hT
}

FUNCTION open(half (mV), k (mV)) (1) {
    open = 1/(1 + exp((half - v)/k))
}
