# Looks for the group $STN_P, ends what is left of it, looks again and tells what it found. Set before:
# STN_N, STN_M, STN_T, the seconds before SIGKILL; STN_F=1 when the group can only be
# ours, 2 when it most likely is.
exec 2>/dev/null </dev/null; trap "" HUP INT QUIT TERM PIPE; STN_Z=;
case $STN_P in 0|1) exit 1;; esac;

# Whether it is ours by the mark: in the environment of one of its processes, or in its command line.
stn_ours() {
  case $STN_F in 1) return 0;; esac;
  for STN_E in $STN_O; do
    { [ -r /proc/$STN_E/environ ] && tr "\000" "\n" </proc/$STN_E/environ; } || STN_A=hidden;
    tr "\000" "\n" </proc/$STN_E/cmdline;
  done | grep -F -e "$STN_M" >/dev/null;
};

stn_group; STN_A=nothing;
case $STN_O in
"") ;;
*)
  if stn_ours; then
    STN_A=ended;
    case $STN_T in 0) ;; *) stn_kill TERM; stn_wait ${STN_T}0;; esac;
    case $STN_O in ?*) stn_kill KILL; stn_wait 20;; esac;
    case $STN_O in ?*) STN_A=left;; esac;
  else
    for STN_E in $STN_O; do [ -r /proc/$STN_E/environ ] || STN_A=hidden; done;
    case $STN_F in 2) STN_A=hidden;; esac;
  fi;;
esac;
printf "\036STN %s %s\n" "$STN_N" $STN_A
