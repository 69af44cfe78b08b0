TITLE Current electrode whose level is set by events

COMMENT
A point current

    i = level

that changes only when an event arrives: an event of weight +A (nA) starts a
pulse of amplitude A, an event of weight -A ends it.  Pulses add, so overlapping
pulses and trains need no list of times inside the mechanism, and fixed and
variable time steps see each edge exactly when it happens.  A positive level
depolarises.  Level is 0 after finitialize(); events queued before t = 0 are
NEURON's to deliver.

Source: no published source; an ideal current source.
ENDCOMMENT

NEURON {
    POINT_PROCESS DpCurrentPulse
    ELECTRODE_CURRENT i
    RANGE level, i
    THREADSAFE
}

UNITS {
    (nA) = (nanoamp)
}

ASSIGNED {
    level (nA)  : sum of the pulses that are on
    i     (nA)  : current into the cell
}

INITIAL {
    level = 0
    i = 0
}

BREAKPOINT {
    i = level
}

NET_RECEIVE(amp (nA)) {
    level = level + amp
}
