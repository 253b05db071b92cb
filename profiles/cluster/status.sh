#!/usr/bin/env bash
# Prints running, success or failed for a job id, as the cluster-generic executor wants it; here for Slurm.
state=$(squeue --noheader --states=all --jobs="$1" --format=%T 2> /dev/null || sacct --noheader -X -j "$1" -o State)
case ${state%% *} in
COMPLETED) echo success ;;
PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | REQUEUED) echo running ;;
*) echo failed ;;
esac
