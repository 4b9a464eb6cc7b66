# Runs the command $STN_C. Set before: STN_N, the word in its marks; STN_M, the command's mark; STN_T,
# the grace in seconds; STN_D, the directory, or nothing; STN_I=1 when the command reads the standard
# input; STN_R=1 when a line with settings comes by it; STN_U=1 under sudo; STN_G, all of this; STN_F,
# the functions of group.sh as a text, since reading them costs a tenth of a millisecond.
# STN_V says whether eval in a subshell may do for a shell of its own: d in the login shell itself, p
# in /bin/sh, n never, since the command uses the process id.
case ${ZSH_VERSION:+z} in z) emulate sh;; esac;

# The group must be ours alone before it may be killed. sshd makes one for us, some others do not.
STN_P=$$;
if kill -0 -$$ 2>/dev/null; then :;
elif [ -n "$STN_U" ]; then
  # The group that sudo leads, if we are in it. Where sudo has ended meanwhile our parent is init, and
  # to kill that "group" would be to kill everything.
  STN_P=$PPID;
  if [ -r /proc/$$/stat ]; then
    IFS= read -r STN_B </proc/$$/stat; STN_B=${STN_B##*) }; STN_B=${STN_B#* }; STN_B=${STN_B#* };
    [ "${STN_B%% *}" = "$STN_P" ] || STN_P=0;
  fi;
  case $STN_P in 0|1) STN_P=0;; *) kill -0 -$STN_P 2>/dev/null || STN_P=0;; esac;
elif [ -n "$STN_G" ] && [ -z "$STN_A" ] && command -v setsid >/dev/null 2>&1; then
  exec setsid /bin/sh -c "STN_A=1; STN_G=\$1; STN_C=\$2; STN_D=\$3; STN_F=\$4; eval \"\$1\""
    sh "$STN_G" "$STN_C" "$STN_D" "$STN_F";
else STN_P=0;
fi;

stn_env() { :; };
case $STN_R in 1) IFS= read -r STN_E || exit 1; eval "$STN_E";; esac;
if [ -n "$STN_D" ]; then
  CDPATH= cd -- "$STN_D" >/dev/null 2>&1 || { printf "\036STN %s directory\n" "$STN_N" >&2; exit 1; };
fi;

# What is written to the channel goes through 8, so that remarks of the shell itself are not seen.
STN_K=; STN_W=; STN_Z=;
trap STN_K=1 TERM; trap : HUP INT QUIT PIPE;
case $STN_I in 1) exec 8>&2 2>/dev/null;; *) exec 9<&0 8>&2 </dev/null 2>/dev/null;; esac;

# The lease: lines tell what to do, their end tells that nobody is there any more.
case $STN_I in
1) ;;
*) if [ $STN_P -gt 0 ]; then
  {
    trap "" HUP INT QUIT TERM PIPE;
    while IFS= read -r STN_E; do
      case $STN_E in Q) exit 0;; [TK]) eval "$STN_F";; esac;
      case $STN_E in T) stn_kill TERM;; K) stn_kill KILL;; esac;
    done;
    eval "$STN_F"; stn_kill TERM; sleep $STN_T; stn_kill KILL;
  } <&9 9<&- >/dev/null 8>&- &
  STN_W=$!;
  fi;
  exec 9<&-;;
esac;

# Said by the process that is the command, so that a stop that answers it finds it there.
stn_begin() {
  printf "\036STN %s\n" "$STN_N"; printf "\036STN %s group=%s\n" "$STN_N" $STN_P >&2;
  case $STN_I in 1) IFS= read -r STN_E || exit 1;; esac;
  stn_env;
};
STATION_MARK=$STN_M; export STATION_MARK; STN_H=${SHELL:-/bin/sh};
case $STN_V$STN_A:${BASH_VERSION:+bash}:${STN_H##*/} in
d:bash:bash|d:bash:sh|[dp]*::sh|[dp]*::dash|[dp]*::ash)
  ( stn_begin; eval "$STN_C" ) 2>&8 8>&-;;
*)
  ( case ${BASH_VERSION:+b} in b) SHLVL=$((SHLVL + 1));; esac;
    stn_begin; exec "$STN_H" -c "$STN_C" ) 2>&8 8>&-;;
esac;
STN_E=$?;
printf "\036STN %s rc=%s\n" "$STN_N" $STN_E >&8;

# After a stop, what is left of the group has the grace, too.
case $STN_K:$STN_P in 1:[1-9]*)
  exec >/dev/null 8>&-; eval "$STN_F"; STN_Z="$$ $STN_W";
  case $STN_U in 1) STN_Z="$STN_Z $PPID";; esac;
  stn_wait ${STN_T}0; stn_kill KILL;;
esac;
case $STN_W in ?*) kill -KILL $STN_W;; esac;
exit $STN_E
