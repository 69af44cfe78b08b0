TITLE Calcium in the shell below the membrane

COMMENT
    cai' = -gamma ica 1e4/(2 F depth) - (cai - cainf)/tau

ica (mA/cm2), depth (um); gamma is the share of the entering calcium that stays free.
Destexhe et al. 1994, doi 10.1152/jn.1994.72.2.803, without its saturating pump: extrusion is the
first-order term alone.  Left out: buffers as molecules, and diffusion along the dendrite.
ENDCOMMENT

NEURON {
    SUFFIX dp_capool
    USEION ca READ ica WRITE cai
    RANGE depth, tau, gamma, cainf
    THREADSAFE
}

UNITS {
    (mA) = (milliamp)
    (mM) = (milli/liter)
    (um) = (micron)
    F = (faraday) (coulomb)
}

PARAMETER {
    depth = 0.1  (um) <1e-3, 1e3> : thickness of the shell
    tau   = 40   (ms) <1e-3, 1e9> : extrusion
    gamma = 1    (1)  <0, 1>      : free share
    cainf = 1e-4 (mM) <0, 1>      : rest
}

ASSIGNED {
    ica (mA/cm2)
}

STATE {
    cai (mM) <1e-6>
}

INITIAL {
    cai = cainf
}

BREAKPOINT {
    SOLVE states METHOD cnexp
}

DERIVATIVE states {
    cai' = -(1e4) * gamma * ica/(2 * F * depth) - (cai - cainf)/tau
}
