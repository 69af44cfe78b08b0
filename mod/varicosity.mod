TITLE Varicosity: turns axonal spikes into release events, by chance

COMMENT
A spike arriving with release probability p (the NetCon weight) makes the
varicosity release, which it announces with net_event(t), when

    p >= 1    or    u < p,   u uniform on (0, 1)

u is drawn from the mechanism's own Random123 stream, `stream`, whose ids are set
from Python, so a run does not depend on what else is in the session.  The stream
starts at its first number at every finitialize().  p >= 1 draws nothing: a
certain release leaves the stream where it was.

Source: all-or-none release of one site with probability p per spike,
del Castillo & Katz 1954, doi:10.1113/jphysiol.1954.sp005129.
Left out: depletion, facilitation and autoreceptors, which act on p.
ENDCOMMENT

NEURON {
    ARTIFICIAL_CELL DpVaricosity
    RANGE n_spike, n_release
    RANDOM stream
    THREADSAFE
}

ASSIGNED {
    n_spike   (1)  : spikes received since finitialize()
    n_release (1)  : releases since finitialize()
}

INITIAL {
    n_spike = 0
    n_release = 0
    random_setseq(stream, 0)
}

NET_RECEIVE(p (1)) {
    n_spike = n_spike + 1
    if (p >= 1) {
        n_release = n_release + 1
        net_event(t)
    } else if (random_uniform(stream) < p) {
        n_release = n_release + 1
        net_event(t)
    }
}
