: A plastic spine head for Arbor: receptors, channels, calcium and the whole rule at every step.
: The equations and numbers are those of ../explicit; channels and pool are in the same mechanism, which spares
: Arbor the ions.  Arbor knows no RANGE parameter per placement that is not listed, no units here.
NEURON {
    POINT_PROCESS exspine
    NONSPECIFIC_CURRENT i
    RANGE g_ampa, g_nmda, g_vgcc, head_volume
}
PARAMETER {
    g_ampa  = 0.0005
    g_nmda  = 0.0003
    head_volume = 0.087
    tau_r_ampa  = 0.2
    tau_d_ampa  = 1.7
    tau_r_nmda  = 0.29
    tau_d_nmda  = 70
    mg  = 1
    mg_slope  = 0.072
    mg_half  = 2.552
    ca_fraction = 0.0506
    e_ca_nmda  = 40
    ca_rest  = 7e-05
    tau_cam  = 20
    K_P = 0.004  n_P = 6  K_D = 0.0013  n_D = 8
    k_K = 0.03  k_N = 0.02  tau_K = 700  tau_N = 700  w_A = 0.4
    r_P = 0.001  tau_P = 5000  r_D = 0.0008  tau_D = 8000  zeta = 1  e_0 = 0.02
    K_C = 0.0005  n_C = 6  k_C = 0.02  tau_C = 5000  chi = 0
    K_E = 0.0005  n_E = 4  k_E = 0.02  tau_E = 50  r_E = 0
    tau_G = 30  tau_GP = 70
    w_theta = 0.3  ca_mean = 2e-05  tau_theta = 7.2e+06
    tau_up = 1  tau_clear = 48.8
    kon_D1 = 5  koff_D1 = 0.005  x_D1 = 1
    kon_D2 = 150  koff_D2 = 0.003  x_D2 = 0
    kon_D1h = 50  koff_D1h = 0.00125  high_D1 = 0
    kon_D2l = 100  koff_D2l = 0.2  low_D2 = 0
    kon_beta = 5.6  koff_beta = 0.005  x_beta = 1
    kon_al1 = 1  koff_al1 = 0.001  x_al1 = 0.3
    kon_al2 = 20  koff_al2 = 0.002  x_al2 = 0.2
    kon_M1 = 2.5  koff_M1 = 0.0025  x_M1 = 1
    kon_M4 = 10  koff_M4 = 0.002  x_M4 = 0.3
    kon_A2A = 5  koff_A2A = 0.001  x_A2A = 0  adenosine = 0
    k_A = 0.001  tau_A = 5000  e_Gi = 4  K_A = 0.45  n_A = 4
    k_Q = 0.001  tau_Q = 5000  e_GiQ = 0  K_Q = 0.45  n_Q = 4  K_AD = 0.35
    g0_P = 0  g_P = 1  g0_D = 0  g_D = 1  k_c = 4e-05  omega = 0.3  k_x = 0
    tau_T = 5.4e+06  k_l = 0.0002  tau_l = 600000
    h_P = 1  h_D = 0.6  tau_tr = 300000  th_prp = 0.45  k_mu = 3  tau_rise = 360000
    tau_prp = 3.6e+06  tau_z = 3.6e+06
    tau_mu_up = 600000  tau_mu_down = 4.5e+06  w_floor = 0.05
    tau_V = 300000  H_0 = 4.62963e-09  V_h = 0.02  k_TD = 3  k_z = 0.9
    g_vgcc = 7e-05
    e_ca = 120
    vhalf_m = -5.9  k_m = 9.5  tau_m = 1  vhalf_h = -39  k_h = 9.2  tau_h = 27  share_L = 0.1  share_T = 0.02
    vhalf_L = 9.7  k_L = 7  vhalf_mT = -32  k_mT = 7  vhalf_hT = -70  k_hT = 6.5  tau_hT = 50
    kappa = 24  tau_ca = 12
}
ASSIGNED { f_ampa f_nmda }
STATE {
    m h mL mT hT ca
    r_ampa  d_ampa  r_nmda  d_nmda 
    cam  kinase  phosphatase  cyclase  ecb  glu  glu_P  elig_P  elig_D 
    r_da  d_da  r_ach  d_ach  r_ne  d_ne 
    D1  D2  D1h  D2l  beta  al1  al2  M1  M4  A2A  PKA  PLC 
    tag_P  tag_D  labile  gate  early  prp  late  primed  theta  volume  hazard 
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
    m = open(v, vhalf_m, k_m) h = 1 - open(v, vhalf_h, k_h)
    mL = open(v, vhalf_L, k_L) mT = open(v, vhalf_mT, k_mT) hT = 1 - open(v, vhalf_hT, k_hT)
    ca = ca_rest
}
BREAKPOINT {
    SOLVE rule METHOD cnexp
    LOCAL nmda
    nmda = g_nmda*(d_nmda - r_nmda)/(1 + exp(-mg_slope*v)*mg/mg_half)
    i = g_ampa*efficacy(early, late)*(d_ampa - r_ampa)*v + nmda*v
        + g_vgcc*((1 - share_L - share_T)*m*m*h + share_L*mL + share_T*mT*hT)*(v - e_ca)
}
DERIVATIVE rule {
    : Arbor solves each state by itself; what it reads of the others it reads from copies
    LOCAL da, ach, ne, gi, a, q, xP, xD, up, ud, flip, drive, on, up_mu, pka, plc, change, kept, ica, w, m_x, h_x,
          mL_x, mT_x, hT_x, ca_x, r_nmda_x, d_nmda_x, cam_x, kinase_x, phosphatase_x, cyclase_x, ecb_x,
          glu_x, glu_P_x, elig_P_x, elig_D_x, r_da_x, d_da_x, r_ach_x, d_ach_x, r_ne_x, d_ne_x, D1_x,
          D2_x, D1h_x, D2l_x, beta_x, al1_x, al2_x, M1_x, M4_x, A2A_x, PKA_x, PLC_x, tag_P_x, tag_D_x,
          labile_x, early_x, prp_x, late_x, primed_x, theta_x, volume_x
    m_x = m
    h_x = h
    mL_x = mL
    mT_x = mT
    hT_x = hT
    ca_x = ca
    r_nmda_x = r_nmda
    d_nmda_x = d_nmda
    cam_x = cam
    kinase_x = kinase
    phosphatase_x = phosphatase
    cyclase_x = cyclase
    ecb_x = ecb
    glu_x = glu
    glu_P_x = glu_P
    elig_P_x = elig_P
    elig_D_x = elig_D
    r_da_x = r_da
    d_da_x = d_da
    r_ach_x = r_ach
    d_ach_x = d_ach
    r_ne_x = r_ne
    d_ne_x = d_ne
    D1_x = D1
    D2_x = D2
    D1h_x = D1h
    D2l_x = D2l
    beta_x = beta
    al1_x = al1
    al2_x = al2
    M1_x = M1
    M4_x = M4
    A2A_x = A2A
    PKA_x = PKA
    PLC_x = PLC
    tag_P_x = tag_P
    tag_D_x = tag_D
    labile_x = labile
    early_x = early
    prp_x = prp
    late_x = late
    primed_x = primed
    theta_x = theta
    volume_x = volume
    ica = ca_fraction*g_nmda*(d_nmda_x - r_nmda_x)/(1 + exp(-mg_slope*v)*mg/mg_half)*(v - e_ca_nmda)
        + g_vgcc*((1 - share_L - share_T)*m_x*m_x*h_x + share_L*mL_x + share_T*mT_x*hT_x)*(v - e_ca)
    w = efficacy(early_x, late_x)
    ca' = -ica*1e6/(2*96485.33212*head_volume*(1 + kappa)) - (ca - ca_rest)/tau_ca
    m' = (open(v, vhalf_m, k_m) - m)/tau_m
    h' = (1 - open(v, vhalf_h, k_h) - h)/tau_h
    mL' = (open(v, vhalf_L, k_L) - mL)/tau_m
    mT' = (open(v, vhalf_mT, k_mT) - mT)/tau_m
    hT' = (1 - open(v, vhalf_hT, k_hT) - hT)/tau_hT
    r_ampa' = -r_ampa/tau_r_ampa
    d_ampa' = -d_ampa/tau_d_ampa
    r_nmda' = -r_nmda/tau_r_nmda
    d_nmda' = -d_nmda/tau_d_nmda

    cam' = (ca_x - cam)/tau_cam
    drive = k_K*hill(cam_x/K_P, theta_x*(1 - w_A*PKA_x), n_P)
    kinase' = drive - (drive + 1/tau_K)*kinase
    on = k_N*hill(cam_x/K_D, theta_x, n_D)
    phosphatase' = on - (on + 1/tau_N)*phosphatase
    up = k_C*hill(cam_x/K_C, 1, n_C)
    cyclase' = up - (up + 1/tau_C)*cyclase
    ud = k_E*hill(ca_x/K_E, 1, n_E)
    ecb' = ud - (ud + 1/tau_E)*ecb
    glu' = -glu/tau_G
    glu_P' = -glu_P/tau_GP
    q = r_P*kinase_x*glu_P_x
    elig_P' = q - (q + 1/tau_P)*elig_P
    a = (r_D*phosphatase_x*glu_P_x + r_E*ecb_x*glu_x)*(1 - zeta*kinase_x)
    elig_D' = a - (a + 1/tau_D)*elig_D

    r_da' = -r_da/tau_up
    d_da' = -d_da/tau_clear
    r_ach' = -r_ach/tau_up
    d_ach' = -d_ach/tau_clear
    r_ne' = -r_ne/tau_up
    d_ne' = -d_ne/tau_clear
    da = d_da_x - r_da_x
    ach = d_ach_x - r_ach_x
    ne = d_ne_x - r_ne_x
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
    gi = x_D2*((1 - low_D2)*D2_x + low_D2*D2l_x) + x_al2*al2_x + x_M4*M4_x
    pka = k_A*(x_D1*((1 - high_D1)*D1_x + high_D1*D1h_x) + x_beta*beta_x + x_A2A*A2A_x)
    pka = pka*(1 + chi*cyclase_x)/(1 + e_Gi*gi)
    PKA' = pka - (pka + 1/tau_A)*PKA
    plc = k_Q*(x_M1*M1_x + x_al1*al1_x + e_GiQ*gi)
    PLC' = plc - (plc + 1/tau_Q)*PLC

    a = hill(PKA_x, K_A, n_A)
    q = hill(PLC_x, K_Q, n_Q)
    xP = positive(elig_P_x - e_0)
    xD = positive(elig_D_x - e_0)
    up = k_c*(g0_P/(1 + e_Gi*gi) + g_P*a)*(xP + omega*a*xD)
    ud = k_c*(g0_D + g_D*q)/(1 + PKA_x/K_AD*PKA_x/K_AD)*xD
    flip = k_x*a*labile_x
    tag_P' = up*(1 - tag_D_x) + flip*tag_D_x - (up + ud + 1/tau_T)*tag_P
    tag_D' = ud*(1 - tag_P_x) - (ud + up + flip + 1/tau_T)*tag_D
    drive = k_l*(xP + xD)
    labile' = drive - (drive + 1/tau_l)*labile
    gate' = size(up - k_c*g0_P*xP) + size(ud - k_c*g0_D*xD) + flip*tag_D_x

    change = h_P*tag_P_x - h_D*tag_D_x
    kept = max(min(late_x, max(change, 0)), min(change, 0))
    early' = (change - kept)/tau_tr - (1/tau_tr + prp_x/tau_z)*early
    on = 0
    if (size(change) > th_prp/(1 + k_mu*primed_x)) {
        on = 1/tau_rise
    }
    prp' = on - (on + 1/tau_prp)*prp
    late' = prp_x*early_x/tau_z - 1e-15*late
    up_mu = 1/tau_mu_down
    if (a > primed_x) {
        up_mu = 1/tau_mu_up
    }
    primed' = (a - primed)*up_mu
    theta' = (1 + w_theta*((ca_x - ca_rest)/ca_mean - 1) - theta)/tau_theta
    volume' = (head_volume*w - volume)/tau_V
    hazard' = H_0*exp(-volume_x/V_h)*(1 + k_TD*tag_D_x)*(1 - k_z*positive(late_x)/h_P)
}
FUNCTION open(u, half, k) {
    open = 1/(1 + exp((half - u)/k))
}
FUNCTION hill(x, k, n) {
    hill = 1/(1 + (k/max(x, 1e-20))^n)
}
FUNCTION size(x) {
    size = max(x, -x)
}
FUNCTION positive(x) {
    positive = max(x, 0)
}
FUNCTION efficacy(early, late) {
    efficacy = max(1 + early + late, w_floor)
}
FUNCTION unit_peak(rise, decay) {
    LOCAL tp
    tp = rise*decay/(decay - rise)*log(decay/rise)
    unit_peak = 1/(exp(-tp/decay) - exp(-tp/rise))
}
: 0 to 100 is glutamate; 100, 200 and 300 and more are peaks (mM) of dopamine, acetylcholine, noradrenaline
NET_RECEIVE(weight) {
    if (weight < 100) {
        r_ampa = r_ampa + weight*f_ampa
        d_ampa = d_ampa + weight*f_ampa
        r_nmda = r_nmda + weight*f_nmda
        d_nmda = d_nmda + weight*f_nmda
        glu = glu + weight*(1 - glu)
        glu_P = glu_P + weight*(1 - glu_P)
    } else {
        if (weight < 200) {
            r_da = r_da + weight - 100
            d_da = d_da + weight - 100
        } else {
            if (weight < 300) {
                r_ach = r_ach + weight - 200
                d_ach = d_ach + weight - 200
            } else {
                r_ne = r_ne + weight - 300
                d_ne = d_ne + weight - 300
            }
        }
    }
}
