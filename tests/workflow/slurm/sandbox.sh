#!/usr/bin/env bash
# A private one-node Slurm for tests: no systemd, no munge, no cgroups, no accounting database. Everything it writes
# lies below DIR; needs root and the Debian packages slurmctld, slurmd and slurm-client.
#
#   sandbox.sh start DIR    write DIR/slurm.conf, start slurmctld and slurmd
#   sandbox.sh stop  DIR    stop exactly the daemons started from DIR
#
# The configuration is linked into /etc/slurm: the executor plugin drops SLURM_CONF before it starts the job step.
set -euo pipefail

cmd=${1:?usage: sandbox.sh start|stop DIR}
dir=${2:?usage: sandbox.sh start|stop DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
node=$(hostname -s)

write_configuration() {
    local base=$((20000 + $$ % 20000)) # of its own, so that a predecessor's late messages do not reach it
    mkdir -p "$dir/state" "$dir/spool"
    # Memory is watched by polling once a second, since there are no cgroups to enforce it.
    cat > "$dir/slurm.conf" <<CONF
ClusterName=sandbox
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
SlurmctldPort=$base
SlurmdPort=$((base + 1))
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/jobcomp.txt
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=5,bf_interval=5
MpiDefault=none
ReturnToService=2
MinJobAge=3600
InactiveLimit=0
KillWait=5
SlurmctldTimeout=300
SlurmdTimeout=300
UnkillableStepTimeout=600
GresTypes=gpu
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc --all) RealMemory=$(slurmd -C | sed -n 's/.*RealMemory=\([0-9]*\).*/\1/p') Gres=gpu:1 State=UNKNOWN
PartitionName=cpu Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=ALL MaxTime=INFINITE State=UP
CONF
    # A make-believe GPU: any device file that exists will do.
    echo "NodeName=$node Name=gpu File=/dev/null" > "$dir/gres.conf"
}

case $cmd in
start)
    for name in slurm gres; do
        if [[ -e /etc/slurm/$name.conf && ! -L /etc/slurm/$name.conf ]]; then
            echo "/etc/slurm/$name.conf is not ours: this machine has a real Slurm" >&2
            exit 1
        fi
    done
    write_configuration
    mkdir -p /etc/slurm
    ln -sf "$dir/slurm.conf" "$dir/gres.conf" /etc/slurm/
    unset SLURM_CONF
    slurmctld -c # forget earlier state
    slurmd
    for _ in $(seq 60); do
        if sinfo -h -o %T 2> /dev/null | grep -qx idle; then exit 0; fi
        sleep 0.5
    done
    echo "Slurm did not come up" >&2
    tail -n 20 "$dir"/slurmctld.log "$dir"/slurmd.log >&2
    exit 1
    ;;
stop)
    scancel --full --user="$(id -un)" 2> /dev/null || true
    for _ in $(seq 100); do if [[ -n $(squeue --noheader --states=running,completing 2> /dev/null) ]]; then sleep 0.2; fi; done
    for daemon in slurmd slurmctld; do
        pid=$(cat "$dir/$daemon.pid" 2> /dev/null) || continue
        kill "$pid" 2> /dev/null || true
        for _ in $(seq 100); do if kill -0 "$pid" 2> /dev/null; then sleep 0.1; fi; done
    done
    for name in slurm gres; do
        if [[ $(readlink "/etc/slurm/$name.conf") == "$dir/$name.conf" ]]; then rm "/etc/slurm/$name.conf"; fi
    done
    ;;
esac
