# The lease of a command that reads its standard input itself: the same lines, on a channel of its own.
# Set before: STN_N, STN_M, STN_T, STN_P, the group.
exec 2>/dev/null; trap "" HUP INT QUIT TERM PIPE; STN_Z=;
case $STN_P in 0|1) exit 1;; esac;
kill -0 -$STN_P || exit 1;
printf "\036STN %s lease\n" "$STN_N";
while IFS= read -r STN_E; do
  case $STN_E in T) stn_kill TERM;; K) stn_kill KILL;; Q) exit 0;; esac;
done;
stn_kill TERM; stn_wait ${STN_T}0;
case $STN_O in ?*) stn_kill KILL;; esac
