TITLE Calcium of an explicit spine head: fast buffer and pump

NEURON {
    SUFFIX expool
    USEION ca READ ica WRITE cai
    RANGE depth
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (um) = (micron)
    FARADAY = (faraday) (coulomb)
}

PARAMETER {
    depth   = 0.1   (um)    : volume over membrane area of the head
    kappa   = 24    (1)
    tau_ca  = 12    (ms)
    ca_rest = 7e-05 (mM)
}

ASSIGNED {
    ica (mA/cm2)
}

STATE {
    cai (mM)
}

INITIAL {
    cai = ca_rest
}

BREAKPOINT {
    SOLVE pool METHOD cnexp
}

DERIVATIVE pool {
    cai' = -ica*(1e4)/(2*FARADAY*depth*(1 + kappa)) - (cai - ca_rest)/tau_ca
}
