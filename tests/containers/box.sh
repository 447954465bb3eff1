#!/usr/bin/env bash
# A box for tests of container runtimes and engines: everything has its default place, and nothing gets out.
#
#   tests/containers/box.sh v1|v2 COMMAND...     as root; exits as COMMAND does
#   tests/containers/box.sh v2 bash              to look around
#
# COMMAND runs in mount, pid, net, ipc, uts and cgroup namespaces of its own.  In there:
#   * /run and the engines' storage below /var/lib are empty and in memory: /run/runc, /run/crun,
#     /run/podman/podman.sock, /run/user/UID mean what they mean on a machine of its own;
#   * /sys/fs/cgroup is version 1 (each controller by itself) or version 2 alone, whatever the machine has
#     (many have both at once, which crun refuses); its top is a group of the box's own;
#   * of the machine's processes none is seen; the network is a loopback;
#   * $RACEWATCH_BOX says v1 or v2; there is no session ($XDG_RUNTIME_DIR), as for a service of the system.
# When COMMAND ends, or this script is ended, whatever it left running is ended, frozen or not, and the
# control groups of the box are removed.
#
# Exit status 77: this machine cannot have such a box; the reason is the last line on standard error.
set -u
CONTROLLERS="cpu cpuacct cpuset memory devices freezer blkio pids"
version=${1-}

cannot() {
    echo "no box of cgroup $version: $*" >&2
    exit 77
}

# What is frozen cannot be killed (version 1), so whatever is to end is thawed first.
thaw() {
    find "$@" -type f \( -name freezer.state -o -name cgroup.freeze \) 2>/dev/null | while read -r file; do
        case $file in
            */freezer.state) echo THAWED ;;
            *) echo 0 ;;
        esac 2>/dev/null >"$file"
    done
}

case $version in v1 | v2) ;; *) echo "usage: $0 v1|v2 COMMAND..." >&2 && exit 2 ;; esac
[ $# -gt 1 ] || { echo "usage: $0 v1|v2 COMMAND..." >&2 && exit 2; }

if [ "${RACEWATCH_BOX_STAGE-}" != inside ]; then
    # ------------------------------------------------------------ outside: groups of our own, then the namespaces
    [ "$(id -u)" = 0 ] || cannot "it needs root"
    for tool in unshare findmnt mount ip; do
        command -v $tool >/dev/null || cannot "$tool is not installed"
    done
    unshare --cgroup --mount --pid --net --ipc --uts --fork true 2>/dev/null || cannot "namespaces cannot be made here"
    own=() old=()
    # Each hierarchy that is mounted here: "options:mount point"; ours in it is told by /proc/self/cgroup.
    mapfile -t hierarchies </proc/self/cgroup # at once: we are about to change it
    for line in "${hierarchies[@]}"; do
        IFS=: read -r _ names group <<<"$line"
        if [ -z "$names" ]; then
            point=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
        else
            point=$(findmnt -n -t cgroup -O "$names" -o TARGET | head -n 1)
        fi
        [ -n "$point" ] || continue
        folder=${point}${group%/}
        made=$folder/racewatch-box.$$
        mkdir "$made" 2>/dev/null || continue
        if [ -e "$made/cpuset.mems" ] && [ -e "$made/cgroup.clone_children" ]; then
            # A new cpuset of version 1 is empty and takes nobody in.
            cat "$folder/cpuset.cpus" >"$made/cpuset.cpus"
            cat "$folder/cpuset.mems" >"$made/cpuset.mems"
            echo 1 >"$made/cgroup.clone_children"
        fi
        if echo $$ 2>/dev/null >"$made/cgroup.procs"; then
            own+=("$made") old+=("$folder")
        else
            rmdir "$made"
        fi
    done

    leave() {
        local folder
        for folder in "${old[@]}"; do echo $$ 2>/dev/null >"$folder/cgroup.procs"; done
        # The last processes of the box end a moment after its first one.
        for _ in $(seq 40); do
            thaw "${own[@]}"
            find "${own[@]}" -depth -type d -exec rmdir {} \; 2>/dev/null
            [ -n "$(ls -d "${own[@]}" 2>/dev/null)" ] || return 0
            sleep 0.05
        done
        echo "the box left groups behind: $(ls -d "${own[@]}" 2>/dev/null | xargs)" >&2
        return 1
    }
    [ ${#own[@]} != 0 ] || cannot "no control group can be made here"

    RACEWATCH_BOX_STAGE=inside unshare --cgroup --mount --pid --net --ipc --uts --fork --kill-child --mount-proc \
        --propagation private "$0" "$@" &
    child=$!
    # By KILL: unshare leaves every other signal to the first process in there, which takes none.
    trap 'kill -KILL $child 2>/dev/null' INT TERM HUP
    wait $child
    status=$?
    # A signal to us ends the wait, not yet the child.
    while kill -0 $child 2>/dev/null; do wait $child; done
    leave || [ $status != 0 ] || status=1
    exit $status
fi

# ---------------------------------------------------------------- inside
shift
unset RACEWATCH_BOX_STAGE
export RACEWATCH_BOX=$version
if [ "$version" = v2 ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null || cannot "cgroup2 cannot be mounted"
    # A group that hands controllers down may have no processes itself.
    mkdir /sys/fs/cgroup/racewatch-tests && echo 0 >/sys/fs/cgroup/racewatch-tests/cgroup.procs ||
        cannot "its top group cannot be left"
else
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup || cannot "/sys/fs/cgroup cannot be hidden"
    for controller in $CONTROLLERS; do
        mkdir /sys/fs/cgroup/$controller
        mount -t cgroup -o $controller cgroup /sys/fs/cgroup/$controller 2>/dev/null ||
            cannot "the controller $controller cannot be mounted by itself (the machine uses version 2 alone)"
    done
    mkdir /sys/fs/cgroup/systemd && mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd 2>/dev/null ||
        cannot "name=systemd cannot be mounted"
fi
ip link set lo up
for folder in /run /var/lib/containers /var/lib/docker /var/lib/containerd /var/lib/cni; do
    mkdir -p $folder && mount -t tmpfs -o mode=755 tmpfs $folder || cannot "$folder cannot be hidden"
done
mkdir -p -m 755 /run/lock /run/dbus /run/netns /run/user
unset XDG_RUNTIME_DIR
"$@" &
wait $!
status=$?
thaw /sys/fs/cgroup
exit $status
