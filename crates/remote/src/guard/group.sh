# Functions on a process group; the other scripts begin with them. Each script is sent as one line.
# kill is written -SIGNAL -GROUP: of all its forms, bash, dash and busybox share only this one.

# Puts the processes of group $STN_P, and those in groups of their own within its session (timeout(1)
# makes one), into STN_O, the latter also into STN_Q, without those that are over or were told to be left out.
stn_group() {
  STN_O=; STN_Q=;
  if [ -r /proc/self/stat ]; then
    for STN_E in /proc/[0-9]*/stat; do
      IFS= read -r STN_B <"$STN_E" || continue;
      STN_E=${STN_B%% *}; STN_B=${STN_B##*) };
      case $STN_B in [ZX]*) continue;; esac;
      STN_B=${STN_B#* }; STN_Y=${STN_B%% *}; STN_B=${STN_B#* };
      STN_X=${STN_B%% *}; STN_B=${STN_B#* };
      case " $STN_X ${STN_B%% *} " in *" $STN_P "*) ;; *) continue;; esac;
      case " $STN_Z " in *" $STN_E "*|*" $STN_Y "*) continue;; esac;
      STN_O="$STN_O $STN_E";
      case $STN_X in "$STN_P") ;; *) STN_Q="$STN_Q $STN_E";; esac;
    done;
  elif kill -0 -$STN_P; then STN_O=" ?";
  fi;
};

# Waits until nothing of it is left, for so many tenths of a second at most.
stn_wait() {
  STN_J=0;
  while stn_group; [ -n "$STN_O" ] && [ $STN_J -lt $1 ]; do
    sleep 0.1 || { sleep 1; STN_J=$((STN_J + 9)); };
    STN_J=$((STN_J + 1));
  done;
};

# Sends all of them a signal, itself last: it may be one of them.
stn_kill() {
  stn_group;
  for STN_E in $STN_Q; do kill -$1 $STN_E; done;
  kill -$1 -$STN_P;
};
