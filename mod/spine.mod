TITLE Dendritic spine: head voltage, AMPA, NMDA and calcium channels, calcium, and the plasticity rule

COMMENT
One point process is one spine.  Two forms share this source:

R_neck > 0   the process sits on the dendrite and holds the head itself.  Neck resistor and head
             capacitor are eliminated from the backward Euler step, so head and dendrite move together
             as if the head were a compartment of its own:
                 C dvhead/dt = -I(vhead) + (v - vhead)/R
R_neck = 0   the process sits in a head section that exists; vhead is that section's voltage, and
             capacitance and leak belong to the section.

Fast part, every dt.  AMPA and NMDA are differences of two exponentials; the NMDA block is
1/(1 + exp(-mg_slope v) mg/mg_half); calcium channels are m^2 h (R-type, Chindemi et al. 2022,
10.1038/s41467-022-30214-w), m (L-type) and m h (T-type, both Rodrigues et al. 2023, 10.7554/eLife.80152).
Gates slower than m_ca move every `sample`, a tenth of their fastest time constant or less, to save time.
Calcium is bound by a fast linear buffer (kappa), pumped out, and leaves through the neck into a dendrite
that stays at rest:
                 dcai/dt = -ica/(2 F V (1 + kappa)) - (cai - ca_rest)(1/tau_ca + k_neck)
An indicator, where there is one, binds calcium one to one; (1 + kappa) cai + ca_ind is conserved:
                 dca_ind/dt = kon_ind cai (indicator - ca_ind) - koff_ind ca_ind

Rule, every `tick` ms (x' = drive - rate x, exact for constant coefficients; calcium enters by its mean
over the tick, read every `sample` ms).  The equations and where each comes from
are in docs/model.md; the same rule in Python is dendplast/rule.py, and a test holds them equal.
    cam                    calcium as calmodulin has bound it, over what the spine is used to
    kinase, phosphatase    read it above theta K_P (lowered by PKA) and theta K_D
    cyclase                adenylyl cyclase stimulated by it; multiplies what Gs does
    glu, ecb               glutamate at presynaptic receptors, and endocannabinoid made by calcium: they depress
    glu_P                  glutamate on NMDA receptors, which kinase and phosphatase need to leave a trace
    elig_P, elig_D         eligibility traces; the kinase vetoes elig_D
    s_da, s_ach, s_ne      concentrations as 12 shared exponentials, fed by release events
    D1 .. A2A              receptor occupancy;  PKA, PLC  what Gs, Gi and Gq make of it
    tag_P, tag_D           traces converted under the modulator's gate, plus retroactive flip
    early, prp, late       early weight, protein, captured late weight;  primed  slow PKA memory
    theta, volume, hazard  sliding threshold, head volume, cumulative hazard of loss
    gate                   modulator-gated conversion so far: 0 for ever where no modulator acts

What happens at every dt is straight-line code, so that a compiler may take several spines at once; what
happens at samples and ticks comes after it, in a block of its own.

Left out: calcium of the shaft.  Release statistics are drawn in Python, as weights of the events.
The scheme knows dt, so it runs with the fixed step only.
ENDCOMMENT

NEURON {
    POINT_PROCESS DpSpine
    NONSPECIFIC_CURRENT i
    RANGE R_neck, C_head, g_leak, e_leak, head_volume, plastic, tick, sample
    RANGE da_ext, ach_ext, ne_ext, uptake_da, uptake_ach, uptake_ne, soe_tau_min, soe_tau_max
    RANGE ago_D1, ago_D2, ago_beta, ago_alpha1, ago_alpha2, ago_M1, ago_M4, ago_A2A
    RANGE ant_D1, ant_D2, ant_beta, ant_alpha1, ant_alpha2, ant_M1, ant_M4, ant_A2A, prp_drive
    RANGE gs_ext, share_PKA, share_AC, share_PLC, share_ecb, share_prp, share_NMDA
    RANGE K_C, n_C, k_C, tau_C, tau_G, K_E, n_E, k_E, tau_E, tau_GP, r_E
    RANGE g_ampa, tau_r_ampa, tau_d_ampa, e_glu, g_nmda, tau_r_nmda, tau_d_nmda, mg, mg_slope, mg_half
    RANGE ca_fraction, e_ca_nmda, g_vgcc, e_ca, vhalf_m, k_m, tau_m, vhalf_h, k_h, tau_h, kappa, tau_ca
    RANGE share_L, share_T, vhalf_L, k_L, vhalf_m_T, k_m_T, vhalf_h_T, k_h_T, tau_h_T, k_neck
    RANGE open_R, open_L, open_T, indicator, kon_ind, koff_ind, range_ind, fluorescence, part_R, open_LT
    RANGE ca_rest, ca_scale, tau_cam, K_P, n_P, K_D, n_D, k_K, k_N, tau_K, tau_N, w_A, K_w, r_P, tau_P, r_D, tau_D
    RANGE zeta, e_0
    RANGE kon_D1_high, koff_D1_high, high_D1, kon_D2_low, koff_D2_low, low_D2
    RANGE w_theta, ca_mean, tau_theta, theta_lo, theta_hi, kon_D1, koff_D1, x_D1, kon_D2, koff_D2, x_D2
    RANGE kon_beta, koff_beta, x_beta, kon_alpha1, koff_alpha1, x_alpha1, kon_alpha2, koff_alpha2
    RANGE x_alpha2, kon_M1, koff_M1, x_M1, kon_M4, koff_M4, x_M4, kon_A2A, koff_A2A, x_A2A, adenosine
    RANGE k_A, tau_A, A_basal, chi, e_Gi, K_A, n_A, k_Q, tau_Q, Q_basal, e_GiQ, K_Q, n_Q, K_AD, g0_P
    RANGE g_P, g0_D, g_D, k_c, omega, k_x, tau_T, k_l, tau_l, h_P, h_D, tau_tr, th_prp, k_mu, tau_rise
    RANGE K_mu, n_mu, tau_prp, tau_z, tau_mu_up, tau_mu_down, w_floor, tau_V, H_0, V_h, k_TD, k_z
    RANGE vhead, g, ica, w, da, ach, ne, cai_peak, gneck, offset, schur, capacity, in_head, to_ca
    RANGE n_tick, n_sample, i_tick, i_sample, sum_ca, unblock
    THREADSAFE
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
    (nF) = (nanofarad)
    (mM) = (milli/liter)
    (um) = (micron)
    FARADAY = (faraday) (coulomb)
}

PARAMETER {
    : this spine
    R_neck      = 150          (megohm)    <0, 1e6>      : neck resistance; 0: the head is a section
    C_head      = 0            (nF)        <0, 1>        : head capacitance (0 with a head section)
    g_leak      = 0            (uS)        <0, 1>        : head leak (0 with a head section)
    e_leak      = -70          (mV)        <-120, 0>     : reversal of the head leak
    head_volume = 0.087        (um3)       <1e-4, 10>    : volume that calcium enters
    ca_scale    = 1            (1)         <0.01, 100>   : calcium of its own responses over the preset's
    plastic     = 1            (1)         <0, 1>        : 0: the weight is frozen, states go on
    tick        = 1            (ms)        <1e-3, 100>   : step of the rule
    sample      = 0.1          (ms)        <1e-3, 100>   : step at which calcium is read
    : what is around it
    da_ext      = 0            (mM)        <0, 1>        : tone, bath or another field's dopamine
    ach_ext     = 0            (mM)        <0, 1>        : the same, acetylcholine
    ne_ext      = 0            (mM)        <0, 1>        : the same, noradrenaline
    uptake_da   = 0.0205       (/ms)       <0, 10>       : first-order loss of released dopamine
    uptake_ach  = 0.2          (/ms)       <0, 10>       : the same, acetylcholine
    uptake_ne   = 5e-3         (/ms)       <0, 10>       : the same, noradrenaline
    soe_tau_min = 0.07         (ms)        <1e-3, 10>    : fastest of the shared exponentials
    soe_tau_max = 2000         (ms)        <10, 1e5>     : slowest of the shared exponentials
    ago_D1      = 0            (mM)        <0, 1>        : agonist, as ligand of the same occupancy
    ago_D2      = 0            (mM)        <0, 1>
    ago_beta    = 0            (mM)        <0, 1>
    ago_alpha1  = 0            (mM)        <0, 1>
    ago_alpha2  = 0            (mM)        <0, 1>
    ago_M1      = 0            (mM)        <0, 1>
    ago_M4      = 0            (mM)        <0, 1>
    ago_A2A     = 0            (mM)        <0, 1>
    ant_D1      = 0            (1)         <0, 1e9>      : antagonist over its dissociation constant
    ant_D2      = 0            (1)         <0, 1e9>
    ant_beta    = 0            (1)         <0, 1e9>
    ant_alpha1  = 0            (1)         <0, 1e9>
    ant_alpha2  = 0            (1)         <0, 1e9>
    ant_M1      = 0            (1)         <0, 1e9>
    ant_M4      = 0            (1)         <0, 1e9>
    ant_A2A     = 0            (1)         <0, 1e9>
    prp_drive   = 0            (1)         <0, 1e3>      : what the cell's other synapses add
    gs_ext      = 0            (1)         <0, 1e3>      : stimulation of cyclase by a drug
    share_PKA   = 1            (1)         <0, 1>        : share that drugs leave: PKA
    share_AC    = 1            (1)         <0, 1>        : the same, calcium-stimulated cyclase
    share_PLC   = 1            (1)         <0, 1>        : the same, PLC
    share_ecb   = 1            (1)         <0, 1>        : the same, endocannabinoid arm
    share_prp   = 1            (1)         <0, 1>        : the same, synthesis of proteins
    share_NMDA  = 1            (1)         <0, 1>        : the same, NMDA receptors that glutamate can bind
    open_R      = 1            (1)         <0, 1>        : share of R-type channels that no drug blocks
    open_L      = 1            (1)         <0, 1>        : the same, L-type
    open_T      = 1            (1)         <0, 1>        : the same, T-type
    indicator   = 0            (mM)        <0, 10>       : calcium indicator in the cell, bound and free
    kon_ind     = 200          (/mM/ms)    <1e-3, 1e5>   : its binding of calcium
    koff_ind    = 0.5          (/ms)       <1e-6, 1e3>   : its unbinding
    range_ind   = 100          (1)         <1, 1e4>      : fluorescence of bound over free indicator
    : ampa and nmda receptors of one spine of reference volume
    g_ampa      = 0.0005       (uS)        <0, 0.1>
    tau_r_ampa  = 0.2          (ms)        <0.001, 100>
    tau_d_ampa  = 1.7          (ms)        <0.001, 1000>
    e_glu       = 0            (mV)        <-50, 50>
    g_nmda      = 0.0003       (uS)        <0, 0.1>
    tau_r_nmda  = 0.29         (ms)        <0.001, 100>
    tau_d_nmda  = 70           (ms)        <0.01, 1000>
    mg          = 1            (mM)        <0, 10>
    mg_slope    = 0.072        (/mV)       <0, 1>
    mg_half     = 2.552        (mM)        <0.001, 100>
    ca_fraction = 0.0506       (1)         <0, 1>
    e_ca_nmda   = 40           (mV)        <0, 200>
    : voltage-gated calcium channels, buffer and pump of the head
    g_vgcc      = 7e-05        (uS)        <0, 0.01>
    e_ca        = 120          (mV)        <0, 200>
    vhalf_m     = -5.9         (mV)        <-100, 100>
    k_m         = 9.5          (mV)        <0.1, 100>
    tau_m       = 1            (ms)        <0.001, 1000>
    vhalf_h     = -39          (mV)        <-150, 100>
    k_h         = 9.2          (mV)        <0.1, 100>
    tau_h       = 27           (ms)        <0.001, 1000>
    share_L     = 0.1          (1)         <0, 1>
    share_T     = 0.02         (1)         <0, 1>
    vhalf_L     = 9.7          (mV)        <-100, 100>
    k_L         = 7            (mV)        <0.1, 100>
    vhalf_m_T   = -32          (mV)        <-150, 100>
    k_m_T       = 7            (mV)        <0.1, 100>
    vhalf_h_T   = -70          (mV)        <-150, 100>
    k_h_T       = 6.5          (mV)        <0.1, 100>
    tau_h_T     = 50           (ms)        <0.001, 1000>
    kappa       = 24           (1)         <0, 1000>
    tau_ca      = 12           (ms)        <0.1, 1000>
    k_neck      = 0            (/ms)       <0, 10>
    ca_rest     = 7e-05        (mM)        <0, 0.01>
    : kinase and phosphatase read calmodulin; eligibility traces remember them; the threshold slides
    tau_cam     = 20           (ms)        <0.1, 10000>
    K_P         = 0.001        (mM)        <1e-05, 1>
    n_P         = 12           (1)         <1, 12>
    K_D         = 0.0006       (mM)        <1e-05, 1>
    n_D         = 8            (1)         <1, 12>
    k_K         = 0.03         (/ms)       <0, 10>
    k_N         = 0.02         (/ms)       <0, 10>
    tau_K       = 700          (ms)        <1, 100000>
    tau_N       = 700          (ms)        <1, 100000>
    w_A         = 0.4          (1)         <0, 0.95>
    K_w         = 1000         (1)         <1e-3, 1e3>
    r_P         = 0.02         (/ms)       <0, 10>
    tau_P       = 5000         (ms)        <1, 1e+06>
    r_D         = 0.016        (/ms)       <0, 10>
    tau_D       = 8000         (ms)        <1, 1e+06>
    zeta        = 1            (1)         <0, 1>
    e_0         = 0.02         (1)         <0, 1>
    : endocannabinoid made by calcium depresses what releases glutamate meanwhile
    K_E         = 0.0005       (mM)        <1e-05, 1>
    n_E         = 4            (1)         <1, 12>
    k_E         = 0.02         (/ms)       <0, 10>
    tau_E       = 50           (ms)        <1, 100000>
    tau_G       = 30           (ms)        <1, 100000>
    tau_GP      = 70           (ms)        <1, 100000>
    r_E         = 0            (/ms)       <0, 10>
    w_theta     = 0.3          (1)         <0, 1>
    ca_mean     = 2e-05        (mM)        <1e-07, 1>
    tau_theta   = 7.2e+06      (ms)        <1, 1e+10>
    theta_lo    = 0.5          (1)         <0.01, 1>
    theta_hi    = 3            (1)         <1, 100>
    : binding rates and expression (0 to 1) of the receptor subtypes
    kon_D1      = 5            (/mM/ms)    <0, 10000>
    koff_D1     = 0.005        (/ms)       <1e-06, 10>
    x_D1        = 1            (1)         <0, 1>
    kon_D2      = 150          (/mM/ms)    <0, 10000>
    koff_D2     = 0.003        (/ms)       <1e-06, 10>
    x_D2        = 0            (1)         <0, 1>
    kon_D1_high = 50           (/mM/ms)    <0, 10000>
    koff_D1_high = 0.00125     (/ms)       <1e-06, 10>
    high_D1     = 0            (1)         <0, 1>        : share of D1 in the state of high affinity
    kon_D2_low  = 100          (/mM/ms)    <0, 10000>
    koff_D2_low = 0.2          (/ms)       <1e-06, 10>
    low_D2      = 0            (1)         <0, 1>        : share of D2 in the state of low affinity
    kon_beta    = 5.6          (/mM/ms)    <0, 10000>
    koff_beta   = 0.005        (/ms)       <1e-06, 10>
    x_beta      = 1            (1)         <0, 1>
    kon_alpha1  = 1            (/mM/ms)    <0, 10000>
    koff_alpha1 = 0.001        (/ms)       <1e-06, 10>
    x_alpha1    = 0.3          (1)         <0, 1>
    kon_alpha2  = 20           (/mM/ms)    <0, 10000>
    koff_alpha2 = 0.002        (/ms)       <1e-06, 10>
    x_alpha2    = 0.2          (1)         <0, 1>
    kon_M1      = 2.5          (/mM/ms)    <0, 10000>
    koff_M1     = 0.0025       (/ms)       <1e-06, 10>
    x_M1        = 1            (1)         <0, 1>
    kon_M4      = 10           (/mM/ms)    <0, 10000>
    koff_M4     = 0.002        (/ms)       <1e-06, 10>
    x_M4        = 0.3          (1)         <0, 1>
    kon_A2A     = 5            (/mM/ms)    <0, 10000>
    koff_A2A    = 0.001        (/ms)       <1e-06, 10>
    x_A2A       = 0            (1)         <0, 1>
    adenosine   = 0            (mM)        <0, 1>
    : gs, gi and gq drive a pka-like and a plc-like activity, each 0 to 1
    k_A         = 0.001        (/ms)       <0, 10>
    tau_A       = 5000         (ms)        <1, 1e+07>
    A_basal     = 0            (1)         <0, 10>
    chi         = 0            (1)         <0, 100>
    K_C         = 0.0005       (mM)        <1e-05, 1>
    n_C         = 6            (1)         <1, 12>
    k_C         = 0.02         (/ms)       <0, 10>
    tau_C       = 5000         (ms)        <1, 1e+06>
    e_Gi        = 4            (1)         <0, 100>
    K_A         = 0.45         (1)         <0.001, 10>
    n_A         = 4            (1)         <1, 12>
    k_Q         = 0.001        (/ms)       <0, 10>
    tau_Q       = 5000         (ms)        <1, 1e+07>
    Q_basal     = 0            (1)         <0, 10>
    e_GiQ       = 0            (1)         <0, 10>
    K_Q         = 0.45         (1)         <0.001, 10>
    n_Q         = 4            (1)         <1, 12>
    K_AD        = 0.35         (1)         <0.001, 100>
    : traces become tags where a modulator (or the basal gate) converts them
    g0_P        = 0            (1)         <0, 100>
    g_P         = 1            (1)         <0, 100>
    g0_D        = 0            (1)         <0, 100>
    g_D         = 1            (1)         <0, 100>
    k_c         = 4e-05        (/ms)       <0, 1>
    omega       = 0.3          (1)         <0, 10>
    k_x         = 0            (/ms)       <0, 1>
    tau_T       = 5.4e+06      (ms)        <1, 1e+10>
    k_l         = 0.0002       (/ms)       <0, 1>
    tau_l       = 600000       (ms)        <1, 1e+10>
    : early weight, protein, late weight, priming, volume and loss
    h_P         = 1            (1)         <0.001, 10>
    h_D         = 0.6          (1)         <0, 1>
    tau_tr      = 300000       (ms)        <1, 1e+09>
    th_prp      = 0.9          (1)         <0, 100>
    k_mu        = 5            (1)         <0, 100>
    K_mu        = 0.45         (1)         <0.001, 10>
    n_mu        = 4            (1)         <1, 12>
    tau_rise    = 360000       (ms)        <1, 1e+10>
    tau_prp     = 3.6e+06      (ms)        <1, 1e+10>
    tau_z       = 360000       (ms)        <1, 1e+10>
    tau_mu_up   = 600000       (ms)        <1, 1e+10>
    tau_mu_down = 4.5e+06      (ms)        <1, 1e+10>
    w_floor     = 0.05         (1)         <0, 1>
    tau_V       = 300000       (ms)        <1, 1e+10>
    H_0         = 4.62963e-09  (/ms)       <0, 1>
    V_h         = 0.02         (um3)       <0.0001, 10>
    k_TD        = 3            (1)         <0, 100>
    k_z         = 0.9          (1)         <0, 1>
}

ASSIGNED {
    v (mV)
    dt (ms)
    i (nA)
    g (uS)
    ica (nA)
    w (1)
    da (mM)
    ach (mM)
    ne (mM)
    cai_peak (mM)
    gneck (uS)
    in_head (1)
    capacity (uS)
    offset (nA)
    schur (megohm)
    to_ca (mM/nA)
    f_ampa (1)
    f_nmda (1)
    q_r_ampa (1)
    q_d_ampa (1)
    q_r_nmda (1)
    q_d_nmda (1)
    q_m (1)
    q_h (1)
    q_m_LT (1)
    q_h_T (1)
    part_R (1)
    open_LT (1)
    tau_out (ms)
    fluorescence (1)
    q_ca (1)
    n_tick (1)
    n_sample (1)
    i_tick (1)
    i_sample (1)
    sum_ca (mM)
    n_pre (1)
    unblock (1)
    q_basal (1)
    lambda[12] (/ms)
    q_soe[12] (1)
}

STATE {
    vhead (mV)
    r_ampa (1)
    d_ampa (1)
    r_nmda (1)
    d_nmda (1)
    m_ca (1)
    h_ca (1)
    m_L (1)
    m_T (1)
    h_T (1)
    ca_ind (mM)
    cai (mM)
    cam (mM)
    kinase (1)
    phosphatase (1)
    cyclase (1)
    glu (1)
    glu_P (1)
    ecb (1)
    elig_P (1)
    elig_D (1)
    s_da[12] (mM)
    s_ach[12] (mM)
    s_ne[12] (mM)
    D1 (1)
    D2 (1)
    D1_high (1)
    D2_low (1)
    beta (1)
    alpha1 (1)
    alpha2 (1)
    M1 (1)
    M4 (1)
    A2A (1)
    PKA (1)
    PLC (1)
    tag_P (1)
    tag_D (1)
    labile (1)
    gate (1)
    early (1)
    prp (1)
    late (1)
    primed (1)
    theta (1)
    volume (um3)
    hazard (1)
}

INITIAL {
    LOCAL span
    vhead = v
    gneck = 0
    in_head = 1
    if (R_neck > 0) {
        gneck = 1/R_neck
        in_head = 0
    }
    capacity = C_head/dt
    offset = 0
    schur = 0
    r_ampa = 0
    d_ampa = 0
    r_nmda = 0
    d_nmda = 0
    f_ampa = unit_peak(tau_r_ampa, tau_d_ampa)
    f_nmda = unit_peak(tau_r_nmda, tau_d_nmda)
    q_r_ampa = exp(-dt/tau_r_ampa)
    q_d_ampa = exp(-dt/tau_d_ampa)
    q_r_nmda = exp(-dt/tau_r_nmda)
    q_d_nmda = exp(-dt/tau_d_nmda)
    q_m = exp(-dt/tau_m)
    tau_out = 1/(1/tau_ca + k_neck)
    q_ca = exp(-dt/tau_out)
    to_ca = tau_out*(1e6)/(2*FARADAY*head_volume*(1 + kappa))
    m_ca = 1/(1 + exp((vhalf_m - vhead)/k_m))
    h_ca = 1/(1 + exp((vhead - vhalf_h)/k_h))
    m_L = 1/(1 + exp((vhalf_L - vhead)/k_L))
    m_T = 1/(1 + exp((vhalf_m_T - vhead)/k_m_T))
    h_T = 1/(1 + exp((vhead - vhalf_h_T)/k_h_T))
    subtypes()
    ica = g_vgcc*(part_R*m_ca*m_ca*h_ca + open_LT)*(vhead - e_ca)
    unblock = unblocked(vhead)
    cai = ca_rest - to_ca*ica
    cai_peak = cai
    ca_ind = indicator*cai/(cai + koff_ind/kon_ind)
    fluorescence = brightness()

    n_sample = whole(sample/dt)
    n_tick = whole(tick/(n_sample*dt))
    q_h = exp(-n_sample*dt/tau_h)
    q_m_LT = exp(-n_sample*dt/tau_m)
    q_h_T = exp(-n_sample*dt/tau_h_T)
    i_sample = 0
    i_tick = 0
    sum_ca = 0
    n_pre = 0
    span = n_sample*n_tick*dt
    FROM j = 0 TO 11 {
        lambda[j] = 1/(soe_tau_min*(soe_tau_max/soe_tau_min)^(j/11))
        q_soe[j] = exp(-lambda[j]*span)
        s_da[j] = 0
        s_ach[j] = 0
        s_ne[j] = 0
    }
    da = da_ext
    ach = ach_ext
    ne = ne_ext

    : the rule starts from the steady state of its tone, without traces or tags
    D1 = bound(kon_D1, koff_D1, (da + ago_D1)/(1 + ant_D1))
    D2 = bound(kon_D2, koff_D2, (da + ago_D2)/(1 + ant_D2))
    D1_high = bound(kon_D1_high, koff_D1_high, (da + ago_D1)/(1 + ant_D1))
    D2_low = bound(kon_D2_low, koff_D2_low, (da + ago_D2)/(1 + ant_D2))
    beta = bound(kon_beta, koff_beta, (ne + ago_beta)/(1 + ant_beta))
    alpha1 = bound(kon_alpha1, koff_alpha1, (ne + ago_alpha1)/(1 + ant_alpha1))
    alpha2 = bound(kon_alpha2, koff_alpha2, (ne + ago_alpha2)/(1 + ant_alpha2))
    M1 = bound(kon_M1, koff_M1, (ach + ago_M1)/(1 + ant_M1))
    M4 = bound(kon_M4, koff_M4, (ach + ago_M4)/(1 + ant_M4))
    A2A = bound(kon_A2A, koff_A2A, (adenosine + ago_A2A)/(1 + ant_A2A))
    cam = ca_rest/ca_scale
    kinase = 0
    phosphatase = 0
    cyclase = 0
    glu = 0
    glu_P = 0
    ecb = 0
    elig_P = 0
    elig_D = 0
    PKA = share_PKA*pka_drive()/(pka_drive() + 1/tau_A)
    PLC = share_PLC*plc_drive()/(plc_drive() + 1/tau_Q)
    q_basal = hill(k_Q*Q_basal/(k_Q*Q_basal + 1/tau_Q), K_Q, n_Q)
    tag_P = 0
    tag_D = 0
    labile = 0
    gate = 0
    early = 0
    prp = 0
    late = 0
    primed = hill(PKA, K_mu, n_mu)
    theta = 1
    volume = head_volume
    hazard = 0
    w = 1
}

BREAKPOINT {
    LOCAL ga, gn, gc, total, slope
    SOLVE advance
    CONDUCTANCE g
    ga = g_ampa*w*(d_ampa - r_ampa)
    gn = g_nmda*unblock*(d_nmda - r_nmda)
    gc = g_vgcc*(part_R*m_ca*m_ca*h_ca + open_LT)
    total = (ga + gn)*(vhead - e_glu) + gc*(vhead - e_ca) + g_leak*(vhead - e_leak)
    slope = ga + gn*(1 + mg_slope*(1 - unblock)*(vhead - e_glu)) + gc + g_leak
    : in a head section gneck and offset are 0; else what the neck carries once the head is eliminated
    offset = (1 - in_head)*((capacity + slope)*vhead - total)
    schur = 1/(capacity + slope + gneck)
    g = in_head*slope + gneck*(1 - gneck*schur)
    i = in_head*total + gneck*(v - (offset + gneck*v)*schur)
}

PROCEDURE advance() {
    LOCAL steady
    vhead = in_head*v + (offset + gneck*v)*schur
    r_ampa = r_ampa*q_r_ampa
    d_ampa = d_ampa*q_d_ampa
    r_nmda = r_nmda*q_r_nmda
    d_nmda = d_nmda*q_d_nmda
    m_ca = gated(m_ca, 1/(1 + exp((vhalf_m - vhead)/k_m)), q_m)
    unblock = unblocked(vhead)
    ica = ca_fraction*g_nmda*unblock*(d_nmda - r_nmda)*(vhead - e_ca_nmda)
        + g_vgcc*(part_R*m_ca*m_ca*h_ca + open_LT)*(vhead - e_ca)
    steady = ca_rest - to_ca*ica
    cai = steady + (cai - steady)*q_ca
}

AFTER SOLVE {
    if (indicator > 0) {
        share()
    }
    if (cai > cai_peak) {
        cai_peak = cai
    }
    i_sample = i_sample + 1
    if (i_sample >= n_sample) {
        i_sample = 0
        read()
    }
}

PROCEDURE read() {
    h_ca = gated(h_ca, 1/(1 + exp((vhead - vhalf_h)/k_h)), q_h)
    m_L = gated(m_L, 1/(1 + exp((vhalf_L - vhead)/k_L)), q_m_LT)
    m_T = gated(m_T, 1/(1 + exp((vhalf_m_T - vhead)/k_m_T)), q_m_LT)
    h_T = gated(h_T, 1/(1 + exp((vhead - vhalf_h_T)/k_h_T)), q_h_T)
    subtypes()
    sum_ca = sum_ca + cai
    i_tick = i_tick + 1
    if (i_tick >= n_tick) {
        learn(n_sample*n_tick*dt)
        i_tick = 0
        sum_ca = 0
        n_pre = 0
    }
}

PROCEDURE learn(h (ms)) {
    LOCAL drive, rate, a, q, pp1, xP, xD, up, ud, flip, old, own, phi_P, phi_D, change, kept, capture
    : every state moves under what the others were at the last tick, so the last of the chain goes first
    field(h)
    a = hill(PKA, K_A, n_A)
    q = hill(PLC, K_Q, n_Q)
    pp1 = 1/(1 + PKA/K_AD*PKA/K_AD)
    xP = positive(elig_P - e_0)
    xD = positive(elig_D - e_0)
    up = k_c*((g0_P/(1 + e_Gi*gi_drive()) + g_P*a)*(xP + omega*a*xD))
    ud = k_c*(((g0_D + g_D*q)*pp1)*xD)
    flip = k_x*a*labile
    own = sum_ca/n_tick/ca_scale
    phi_P = hill(cam/K_P, theta*(1 - w_A*PKA*(1 + K_w)/(PKA + K_w)), n_P)
    phi_D = hill(cam/K_D, theta, n_D)

    : threshold, size, loss
    theta = relax(theta, (1 + w_theta*((sum_ca/n_tick - ca_rest)/ca_mean - 1))/tau_theta, 1/tau_theta, h)
    if (theta < theta_lo) {
        theta = theta_lo
    }
    if (theta > theta_hi) {
        theta = theta_hi
    }
    hazard = hazard + h*H_0*exp(-volume/V_h)*(1 + k_TD*tag_D)*(1 - k_z*positive(late)/h_P)
    volume = head_volume*efficacy() + (volume - head_volume*efficacy())*exp(-h/tau_V)

    : expression, capture, protein: `kept` is what late weight holds already of the change that tags ask for
    change = h_P*tag_P - h_D*tag_D
    kept = late
    if (change > 0) {
        if (kept < 0) {
            kept = 0
        }
        if (kept > change) {
            kept = change
        }
    } else {
        if (kept > 0) {
            kept = 0
        }
        if (kept < change) {
            kept = change
        }
    }
    capture = prp/tau_z
    old = early
    early = relax(early, (change - kept)/tau_tr, 1/tau_tr + capture, h)
    late = relax(late, capture*(old + late), capture, h)
    drive = 0
    if (fabs(change) + prp_drive > th_prp/(1 + k_mu*primed)) {
        drive = share_prp/tau_rise
    }
    prp = relax(prp, drive, drive + 1/tau_prp, h)
    rate = 1/tau_mu_down
    drive = hill(PKA, K_mu, n_mu)
    if (drive > primed) {
        rate = 1/tau_mu_up
    }
    primed = relax(primed, drive*rate, rate, h)

    : conversion of traces into tags; what exceeds the basal gate is the modulators' part
    gate = gate + fabs(h*(up - k_c*(g0_P*xP))) + h*flip*tag_D
        + fabs(h*(ud - k_c*((g0_D + g_D*q_basal)*xD)))
    old = tag_P
    tag_P = relax(tag_P, up*(1 - tag_D) + flip*tag_D, up + ud + 1/tau_T, h)
    tag_D = relax(tag_D, ud*(1 - old), ud + up + flip + 1/tau_T, h)
    drive = k_l*(xP + xD)
    labile = relax(labile, drive, drive + 1/tau_l, h)

    : cascades, receptors
    PKA = relax(PKA, share_PKA*pka_drive(), pka_drive() + 1/tau_A, h)
    PLC = relax(PLC, share_PLC*plc_drive(), plc_drive() + 1/tau_Q, h)
    D1 = occupied(D1, kon_D1, koff_D1, (da + ago_D1)/(1 + ant_D1), h)
    D2 = occupied(D2, kon_D2, koff_D2, (da + ago_D2)/(1 + ant_D2), h)
    D1_high = occupied(D1_high, kon_D1_high, koff_D1_high, (da + ago_D1)/(1 + ant_D1), h)
    D2_low = occupied(D2_low, kon_D2_low, koff_D2_low, (da + ago_D2)/(1 + ant_D2), h)
    beta = occupied(beta, kon_beta, koff_beta, (ne + ago_beta)/(1 + ant_beta), h)
    alpha1 = occupied(alpha1, kon_alpha1, koff_alpha1, (ne + ago_alpha1)/(1 + ant_alpha1), h)
    alpha2 = occupied(alpha2, kon_alpha2, koff_alpha2, (ne + ago_alpha2)/(1 + ant_alpha2), h)
    M1 = occupied(M1, kon_M1, koff_M1, (ach + ago_M1)/(1 + ant_M1), h)
    M4 = occupied(M4, kon_M4, koff_M4, (ach + ago_M4)/(1 + ant_M4), h)
    A2A = occupied(A2A, kon_A2A, koff_A2A, (adenosine + ago_A2A)/(1 + ant_A2A), h)

    : eligibility and the readouts of calcium
    drive = r_P*kinase*glu_P
    elig_P = relax(elig_P, drive, drive + 1/tau_P, h)
    drive = (r_D*phosphatase*glu_P + r_E*share_ecb*ecb*glu)*(1 - zeta*kinase)
    elig_D = relax(elig_D, drive, drive + 1/tau_D, h)
    drive = k_E*hill(own/K_E, 1, n_E)
    ecb = relax(ecb, drive, drive + 1/tau_E, h)
    drive = n_pre/h : not as an argument: CoreNEURON's translator would take the h of relax for it
    glu = relax(glu, drive, drive + 1/tau_G, h)
    glu_P = relax(glu_P, share_NMDA*drive, share_NMDA*drive + 1/tau_GP, h)
    drive = k_C*hill(cam/K_C, 1, n_C)
    cyclase = relax(cyclase, drive, drive + 1/tau_C, h)
    drive = k_K*phi_P
    kinase = relax(kinase, drive, drive + 1/tau_K, h)
    drive = k_N*phi_D
    phosphatase = relax(phosphatase, drive, drive + 1/tau_N, h)
    cam = own + (cam - own)*exp(-h/tau_cam)

    w = 1
    if (plastic > 0) {
        w = efficacy()
    }
}

FUNCTION efficacy() (1) {
    efficacy = 1 + early + late
    if (efficacy < w_floor) {
        efficacy = w_floor
    }
}

PROCEDURE field(h (ms)) {
    LOCAL k, any
    : mean over the tick of what was released, and its decay; most spines most of the time have none
    any = 0
    FROM j = 0 TO 11 {
        if (s_da[j] != 0 || s_ach[j] != 0 || s_ne[j] != 0) {
            any = 1
        }
    }
    da = 0
    ach = 0
    ne = 0
    if (any > 0) {
        k = exp(-uptake_da*h)
        FROM j = 0 TO 11 {
            da = da + s_da[j]*(1 - q_soe[j]*k)/((lambda[j] + uptake_da)*h)
            s_da[j] = s_da[j]*q_soe[j]*k
        }
        k = exp(-uptake_ach*h)
        FROM j = 0 TO 11 {
            ach = ach + s_ach[j]*(1 - q_soe[j]*k)/((lambda[j] + uptake_ach)*h)
            s_ach[j] = s_ach[j]*q_soe[j]*k
        }
        k = exp(-uptake_ne*h)
        FROM j = 0 TO 11 {
            ne = ne + s_ne[j]*(1 - q_soe[j]*k)/((lambda[j] + uptake_ne)*h)
            s_ne[j] = s_ne[j]*q_soe[j]*k
        }
    }
    da = da_ext + above(da)
    ach = ach_ext + above(ach)
    ne = ne_ext + above(ne)
}

NET_RECEIVE(weight (1), agent (1), w0 (mM), w1 (mM), w2 (mM), w3 (mM), w4 (mM), w5 (mM), w6 (mM), w7 (mM),
            w8 (mM), w9 (mM), w10 (mM), w11 (mM)) {
    INITIAL { : keeps the weights; without this block finitialize() zeroes all but the first
    }
    : agent 0 is glutamate, 1 dopamine, 2 acetylcholine, 3 noradrenaline
    if (agent == 0) {
        n_pre = n_pre + weight
        r_ampa = r_ampa + weight*f_ampa
        d_ampa = d_ampa + weight*f_ampa
        r_nmda = r_nmda + weight*f_nmda
        d_nmda = d_nmda + weight*f_nmda
    }
    if (agent == 1) {
        s_da[0] = s_da[0] + weight*w0
        s_da[1] = s_da[1] + weight*w1
        s_da[2] = s_da[2] + weight*w2
        s_da[3] = s_da[3] + weight*w3
        s_da[4] = s_da[4] + weight*w4
        s_da[5] = s_da[5] + weight*w5
        s_da[6] = s_da[6] + weight*w6
        s_da[7] = s_da[7] + weight*w7
        s_da[8] = s_da[8] + weight*w8
        s_da[9] = s_da[9] + weight*w9
        s_da[10] = s_da[10] + weight*w10
        s_da[11] = s_da[11] + weight*w11
    }
    if (agent == 2) {
        s_ach[0] = s_ach[0] + weight*w0
        s_ach[1] = s_ach[1] + weight*w1
        s_ach[2] = s_ach[2] + weight*w2
        s_ach[3] = s_ach[3] + weight*w3
        s_ach[4] = s_ach[4] + weight*w4
        s_ach[5] = s_ach[5] + weight*w5
        s_ach[6] = s_ach[6] + weight*w6
        s_ach[7] = s_ach[7] + weight*w7
        s_ach[8] = s_ach[8] + weight*w8
        s_ach[9] = s_ach[9] + weight*w9
        s_ach[10] = s_ach[10] + weight*w10
        s_ach[11] = s_ach[11] + weight*w11
    }
    if (agent == 3) {
        s_ne[0] = s_ne[0] + weight*w0
        s_ne[1] = s_ne[1] + weight*w1
        s_ne[2] = s_ne[2] + weight*w2
        s_ne[3] = s_ne[3] + weight*w3
        s_ne[4] = s_ne[4] + weight*w4
        s_ne[5] = s_ne[5] + weight*w5
        s_ne[6] = s_ne[6] + weight*w6
        s_ne[7] = s_ne[7] + weight*w7
        s_ne[8] = s_ne[8] + weight*w8
        s_ne[9] = s_ne[9] + weight*w9
        s_ne[10] = s_ne[10] + weight*w10
        s_ne[11] = s_ne[11] + weight*w11
    }
}

FUNCTION relax(x (1), drive (/ms), rate (/ms), h (ms)) (1) {
    : x' = drive - rate x over h, exact to rounding; below 0.1 a series of (1 - exp(-z))/z spares exp and division
    LOCAL z
    z = rate*h
    if (z < 0.1) {
        relax = x + (drive - rate*x)*h*(1 - z*(1/2 - z*(1/6 - z*(1/24 - z*(1/120 - z*(1/720
            - z*(1/5040 - z/40320)))))))
    } else {
        relax = drive/rate + (x - drive/rate)*exp(-z)
    }
}

FUNCTION occupied(x (1), kon (/mM/ms), koff (/ms), ligand (mM), h (ms)) (1) {
    occupied = relax(x, kon*ligand, kon*ligand + koff, h)
}

FUNCTION bound(kon (/mM/ms), koff (/ms), ligand (mM)) (1) {
    bound = kon*ligand/(kon*ligand + koff)
}

FUNCTION hill(x (1), k (1), n (1)) (1) {
    hill = 0
    if (x > 0) {
        hill = 1/(1 + raised(k/x, n))
    }
}

FUNCTION raised(base (1), power (1)) (1) {
    : base^power; whole powers, as in every preset, by products, which takes half the time
    if (power == floor(power)) {
        raised = base
        FROM j = 2 TO power {
            raised = raised*base
        }
    } else {
        raised = base^power
    }
}

FUNCTION gi_drive() (1) {
    gi_drive = x_D2*((1 - low_D2)*D2 + low_D2*D2_low) + x_alpha2*alpha2 + x_M4*M4
}

FUNCTION pka_drive() (/ms) {
    LOCAL gs
    gs = x_D1*((1 - high_D1)*D1 + high_D1*D1_high) + x_beta*beta + x_A2A*A2A + A_basal + gs_ext
    pka_drive = k_A*gs*(1 + chi*share_AC*cyclase)/(1 + e_Gi*gi_drive())
}

FUNCTION plc_drive() (/ms) {
    plc_drive = k_Q*(x_M1*M1 + x_alpha1*alpha1 + Q_basal + e_GiQ*gi_drive())
}

FUNCTION unblocked(u (mV)) (1) {
    unblocked = 1/(1 + exp(-mg_slope*u)*mg/mg_half)
}

PROCEDURE subtypes() {
    : share of R-type channels that may open, and open share of L-type and T-type channels
    part_R = (1 - share_L - share_T)*open_R
    open_LT = share_L*open_L*m_L + share_T*open_T*m_T*h_T
}

PROCEDURE share() {
    : backward Euler of binding: with total = (1 + kappa) cai + ca_ind kept, a quadratic equation for ca_ind
    LOCAL total, a, p, q
    total = (1 + kappa)*cai + ca_ind
    a = dt*kon_ind/(1 + kappa)
    p = a*(total + indicator) + 1 + dt*koff_ind
    q = a*total*indicator + ca_ind
    ca_ind = 2*q/(p + sqrt(p*p - 4*a*q))
    cai = (total - ca_ind)/(1 + kappa)
    fluorescence = brightness()
}

FUNCTION brightness() (1) {
    : fluorescence over that of an indicator all bound
    brightness = 0
    if (indicator > 0) {
        brightness = (1 + (range_ind - 1)*ca_ind/indicator)/range_ind
    }
}

FUNCTION gated(x (1), xinf (1), q (1)) (1) {
    gated = xinf + (x - xinf)*q
}

FUNCTION positive(x (1)) (1) {
    positive = 0
    if (x > 0) {
        positive = x
    }
}

FUNCTION above(x (mM)) (mM) {
    : the fitted exponentials may undershoot by a percent of their peak
    above = 0
    if (x > 0) {
        above = x
    }
}

FUNCTION whole(x (1)) (1) {
    whole = floor(x + 0.5)
    if (whole < 1) {
        whole = 1
    }
}

FUNCTION unit_peak(rise (ms), decay (ms)) (1) {
    : factor that gives a difference of exponentials the peak 1
    LOCAL tp
    tp = rise*decay/(decay - rise)*log(decay/rise)
    unit_peak = 1/(exp(-tp/decay) - exp(-tp/rise))
}
