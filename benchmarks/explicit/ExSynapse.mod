TITLE AMPA and NMDA receptors of an explicit spine head, and the whole plasticity rule at every step

COMMENT
The rule of mod/spine.mod written as differential equations for cnexp, as one would without a coarse grid.
Parameters that are equal in all spines are GLOBAL, rates that cannot be 0 stand alone, and each modulator is a
difference of two exponentials, not twelve: all three spare this mechanism time that mod/spine.mod spends.
ENDCOMMENT

NEURON {
    POINT_PROCESS ExSynapse
    USEION ca READ cai WRITE ica
    NONSPECIFIC_CURRENT i
    RANGE g_ampa, g_nmda, head_volume, w
    THREADSAFE
}

UNITS {
    (nA) = (nanoamp)
    (mV) = (millivolt)
    (uS) = (microsiemens)
    (mM) = (milli/liter)
    (um) = (micron)
}

PARAMETER {
    g_ampa      = 0.0005  (uS)
    g_nmda      = 0.0003  (uS)
    head_volume = 0.087   (um3)
    tau_r_ampa  = 0.2     (ms)
    tau_d_ampa  = 1.7     (ms)
    tau_r_nmda  = 0.29    (ms)
    tau_d_nmda  = 70      (ms)
    mg          = 1       (mM)
    mg_slope    = 0.072   (/mV)
    mg_half     = 2.552   (mM)
    ca_fraction = 0.0506  (1)
    e_ca_nmda   = 40      (mV)
    ca_rest     = 7e-05   (mM)
    tau_cam     = 20      (ms)
    K_P = 0.004 (mM)   n_P = 6 (1)   K_D = 0.0013 (mM)  n_D = 8 (1)
    k_K = 0.03 (/ms)   k_N = 0.02 (/ms)   tau_K = 700 (ms)   tau_N = 700 (ms)   w_A = 0.4 (1)
    r_P = 0.001 (/ms)  tau_P = 5000 (ms)  r_D = 0.0008 (/ms) tau_D = 8000 (ms)  zeta = 1 (1)   e_0 = 0.02 (1)
    K_C = 0.0005 (mM)  n_C = 6 (1)   k_C = 0.02 (/ms)   tau_C = 5000 (ms)   chi = 0 (1)
    K_E = 0.0005 (mM)  n_E = 4 (1)   k_E = 0.02 (/ms)   tau_E = 50 (ms)   r_E = 0 (/ms)
    tau_G = 30 (ms)    tau_GP = 70 (ms)
    w_theta = 0.3 (1)  ca_mean = 2e-05 (mM)  tau_theta = 7.2e+06 (ms)
    tau_up = 1 (ms)    tau_clear = 48.8 (ms)
    kon_D1 = 5 (/mM/ms)      koff_D1 = 0.005 (/ms)     x_D1 = 1 (1)
    kon_D2 = 150 (/mM/ms)    koff_D2 = 0.003 (/ms)     x_D2 = 0 (1)
    kon_D1h = 50 (/mM/ms)    koff_D1h = 0.00125 (/ms)  high_D1 = 0 (1)
    kon_D2l = 100 (/mM/ms)   koff_D2l = 0.2 (/ms)      low_D2 = 0 (1)
    kon_beta = 5.6 (/mM/ms)  koff_beta = 0.005 (/ms)   x_beta = 1 (1)
    kon_al1 = 1 (/mM/ms)     koff_al1 = 0.001 (/ms)    x_al1 = 0.3 (1)
    kon_al2 = 20 (/mM/ms)    koff_al2 = 0.002 (/ms)    x_al2 = 0.2 (1)
    kon_M1 = 2.5 (/mM/ms)    koff_M1 = 0.0025 (/ms)    x_M1 = 1 (1)
    kon_M4 = 10 (/mM/ms)     koff_M4 = 0.002 (/ms)     x_M4 = 0.3 (1)
    kon_A2A = 5 (/mM/ms)     koff_A2A = 0.001 (/ms)    x_A2A = 0 (1)   adenosine = 0 (mM)
    k_A = 0.001 (/ms)  tau_A = 5000 (ms)  e_Gi = 4 (1)  K_A = 0.45 (1)  n_A = 4 (1)
    k_Q = 0.001 (/ms)  tau_Q = 5000 (ms)  e_GiQ = 0 (1) K_Q = 0.45 (1)  n_Q = 4 (1)   K_AD = 0.35 (1)
    g0_P = 0 (1)  g_P = 1 (1)  g0_D = 0 (1)  g_D = 1 (1)  k_c = 4e-05 (/ms)  omega = 0.3 (1)  k_x = 0 (/ms)
    tau_T = 5.4e+06 (ms)  k_l = 0.0002 (/ms)  tau_l = 600000 (ms)
    h_P = 1 (1)  h_D = 0.6 (1)  tau_tr = 300000 (ms)  th_prp = 0.45 (1)  k_mu = 3 (1)  tau_rise = 360000 (ms)
    tau_prp = 3.6e+06 (ms)  tau_z = 3.6e+06 (ms)
    tau_mu_up = 600000 (ms)  tau_mu_down = 4.5e+06 (ms)  w_floor = 0.05 (1)
    tau_V = 300000 (ms)  H_0 = 4.62963e-09 (/ms)  V_h = 0.02 (um3)  k_TD = 3 (1)  k_z = 0.9 (1)
}

ASSIGNED {
    v (mV)
    i (nA)
    ica (nA)
    cai (mM)
    w (1)
    f_ampa (1)
    f_nmda (1)
}

STATE {
    r_ampa (1) d_ampa (1) r_nmda (1) d_nmda (1)
    cam (mM) kinase (1) phosphatase (1) cyclase (1) ecb (1) glu (1) glu_P (1) elig_P (1) elig_D (1)
    r_da (mM) d_da (mM) r_ach (mM) d_ach (mM) r_ne (mM) d_ne (mM)
    D1 (1) D2 (1) D1h (1) D2l (1) beta (1) al1 (1) al2 (1) M1 (1) M4 (1) A2A (1) PKA (1) PLC (1)
    tag_P (1) tag_D (1) labile (1) gate (1) early (1) prp (1) late (1) primed (1) theta (1) volume (um3) hazard (1)
}

INITIAL {
    f_ampa = unit_peak(tau_r_ampa, tau_d_ampa)
    f_nmda = unit_peak(tau_r_nmda, tau_d_nmda)
    r_ampa = 0 d_ampa = 0 r_nmda = 0 d_nmda = 0
    cam = ca_rest kinase = 0 phosphatase = 0 cyclase = 0 ecb = 0 glu = 0 glu_P = 0 elig_P = 0 elig_D = 0
    r_da = 0 d_da = 0 r_ach = 0 d_ach = 0 r_ne = 0 d_ne = 0
    D1 = 0 D2 = 0 D1h = 0 D2l = 0 beta = 0 al1 = 0 al2 = 0 M1 = 0 M4 = 0
    A2A = kon_A2A*adenosine/(kon_A2A*adenosine + koff_A2A)
    PKA = 0 PLC = 0 tag_P = 0 tag_D = 0 labile = 0 gate = 0 early = 0 prp = 0 late = 0 primed = 0
    theta = 1 volume = head_volume hazard = 0
    w = 1
}

BREAKPOINT {
    LOCAL nmda
    SOLVE rule METHOD cnexp
    w = efficacy()
    nmda = g_nmda*(d_nmda - r_nmda)/(1 + exp(-mg_slope*v)*mg/mg_half)
    ica = ca_fraction*nmda*(v - e_ca_nmda)
    i = g_ampa*w*(d_ampa - r_ampa)*v + nmda*v - ica
}

DERIVATIVE rule {
    LOCAL da, ach, ne, gi, a, q, xP, xD, up, ud, flip, drive, on, up_mu, pka, plc, change, kept
    r_ampa' = -r_ampa/tau_r_ampa
    d_ampa' = -d_ampa/tau_d_ampa
    r_nmda' = -r_nmda/tau_r_nmda
    d_nmda' = -d_nmda/tau_d_nmda

    cam' = (cai - cam)/tau_cam
    drive = k_K*hill(cam/K_P, theta*(1 - w_A*PKA), n_P)
    kinase' = drive - (drive + 1/tau_K)*kinase
    on = k_N*hill(cam/K_D, theta, n_D)
    phosphatase' = on - (on + 1/tau_N)*phosphatase
    up = k_C*hill(cam/K_C, 1, n_C)
    cyclase' = up - (up + 1/tau_C)*cyclase
    ud = k_E*hill(cai/K_E, 1, n_E)
    ecb' = ud - (ud + 1/tau_E)*ecb
    glu' = -glu/tau_G
    glu_P' = -glu_P/tau_GP
    q = r_P*kinase*glu_P
    elig_P' = q - (q + 1/tau_P)*elig_P
    a = (r_D*phosphatase*glu_P + r_E*ecb*glu)*(1 - zeta*kinase)
    elig_D' = a - (a + 1/tau_D)*elig_D

    r_da' = -r_da/tau_up
    d_da' = -d_da/tau_clear
    r_ach' = -r_ach/tau_up
    d_ach' = -d_ach/tau_clear
    r_ne' = -r_ne/tau_up
    d_ne' = -d_ne/tau_clear
    da = d_da - r_da
    ach = d_ach - r_ach
    ne = d_ne - r_ne
    D1' = kon_D1*da - (kon_D1*da + koff_D1)*D1
    D2' = kon_D2*da - (kon_D2*da + koff_D2)*D2
    D1h' = kon_D1h*da - (kon_D1h*da + koff_D1h)*D1h
    D2l' = kon_D2l*da - (kon_D2l*da + koff_D2l)*D2l
    beta' = kon_beta*ne - (kon_beta*ne + koff_beta)*beta
    al1' = kon_al1*ne - (kon_al1*ne + koff_al1)*al1
    al2' = kon_al2*ne - (kon_al2*ne + koff_al2)*al2
    M1' = kon_M1*ach - (kon_M1*ach + koff_M1)*M1
    M4' = kon_M4*ach - (kon_M4*ach + koff_M4)*M4
    A2A' = kon_A2A*adenosine - (kon_A2A*adenosine + koff_A2A)*A2A
    gi = x_D2*((1 - low_D2)*D2 + low_D2*D2l) + x_al2*al2 + x_M4*M4
    pka = k_A*(x_D1*((1 - high_D1)*D1 + high_D1*D1h) + x_beta*beta + x_A2A*A2A)*(1 + chi*cyclase)/(1 + e_Gi*gi)
    PKA' = pka - (pka + 1/tau_A)*PKA
    plc = k_Q*(x_M1*M1 + x_al1*al1 + e_GiQ*gi)
    PLC' = plc - (plc + 1/tau_Q)*PLC

    a = hill(PKA, K_A, n_A)
    q = hill(PLC, K_Q, n_Q)
    xP = positive(elig_P - e_0)
    xD = positive(elig_D - e_0)
    up = k_c*(g0_P/(1 + e_Gi*gi) + g_P*a)*(xP + omega*a*xD)
    ud = k_c*(g0_D + g_D*q)/(1 + PKA/K_AD*PKA/K_AD)*xD
    flip = k_x*a*labile
    tag_P' = up*(1 - tag_D) + flip*tag_D - (up + ud + 1/tau_T)*tag_P
    tag_D' = ud*(1 - tag_P) - (ud + up + flip + 1/tau_T)*tag_D
    drive = k_l*(xP + xD)
    labile' = drive - (drive + 1/tau_l)*labile
    gate' = size(up - k_c*g0_P*xP) + size(ud - k_c*g0_D*xD) + flip*tag_D

    change = h_P*tag_P - h_D*tag_D
    kept = 0
    if (late*change > 0) {
        kept = late
        if (fabs(late) > fabs(change)) {
            kept = change
        }
    }
    early' = (change - kept)/tau_tr - (1/tau_tr + prp/tau_z)*early
    on = 0
    if (fabs(change) > th_prp/(1 + k_mu*primed)) {
        on = 1/tau_rise
    }
    prp' = on - (on + 1/tau_prp)*prp
    late' = prp*early/tau_z - 1e-15*late
    up_mu = 1/tau_mu_down
    if (a > primed) {
        up_mu = 1/tau_mu_up
    }
    primed' = (a - primed)*up_mu
    theta' = (1 + w_theta*((cai - ca_rest)/ca_mean - 1) - theta)/tau_theta
    volume' = (head_volume*w - volume)/tau_V
    hazard' = H_0*exp(-volume/V_h)*(1 + k_TD*tag_D)*(1 - k_z*positive(late)/h_P)
}

NET_RECEIVE(weight (1), agent (1), peak (mM)) {
    INITIAL { : keeps the weights
    }
    : agent 0 is glutamate, 1 dopamine, 2 acetylcholine, 3 noradrenaline
    if (agent == 0) {
        r_ampa = r_ampa + weight*f_ampa
        d_ampa = d_ampa + weight*f_ampa
        r_nmda = r_nmda + weight*f_nmda
        d_nmda = d_nmda + weight*f_nmda
        glu = glu + weight*(1 - glu)
        glu_P = glu_P + weight*(1 - glu_P)
    }
    if (agent == 1) {
        r_da = r_da + peak
        d_da = d_da + peak
    }
    if (agent == 2) {
        r_ach = r_ach + peak
        d_ach = d_ach + peak
    }
    if (agent == 3) {
        r_ne = r_ne + peak
        d_ne = d_ne + peak
    }
}

FUNCTION hill(x (1), k (1), n (1)) (1) {
    hill = 0
    if (x > 0) {
        hill = 1/(1 + (k/x)^n)
    }
}

FUNCTION positive(x (1)) (1) {
    positive = 0
    if (x > 0) {
        positive = x
    }
}

FUNCTION size(x (/ms)) (/ms) {
    size = x
    if (x < 0) {
        size = -x
    }
}

FUNCTION efficacy() (1) {
    efficacy = 1 + early + late
    if (efficacy < w_floor) {
        efficacy = w_floor
    }
}

FUNCTION unit_peak(rise (ms), decay (ms)) (1) {
    LOCAL tp
    tp = rise*decay/(decay - rise)*log(decay/rise)
    unit_peak = 1/(exp(-tp/decay) - exp(-tp/rise))
}
