"""The flags that `docker run` knows: Mesos passes on whatever an app says, and Docker refuses the rest with exit code 125."""

from collections.abc import Sequence

_WITH_VALUE = """
add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop cgroup-parent cgroupns cidfile cpu-count
cpu-percent cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems detach-keys device
device-cgroup-rule device-read-bps device-read-iops device-write-bps device-write-iops dns dns-opt dns-option dns-search
domainname entrypoint env env-file expose gpus group-add health-cmd health-interval health-retries health-start-interval
health-start-period health-timeout hostname io-maxbandwidth io-maxiops ip ip6 ipc isolation kernel-memory label label-file
link link-local-ip log-driver log-opt mac-address memory memory-reservation memory-swap memory-swappiness mount name net
net-alias network network-alias oom-score-adj pid pids-limit platform publish pull restart runtime security-opt shm-size
stop-signal stop-timeout storage-opt sysctl tmpfs ulimit user userns uts volume volume-driver volumes-from workdir
"""
_SWITCHES = """
detach disable-content-trust init interactive no-healthcheck oom-kill-disable privileged publish-all quiet read-only rm
sig-proxy tty use-api-socket
"""
TAKES_VALUE = frozenset(_WITH_VALUE.split())
SWITCHES = frozenset(_SWITCHES.split())
BOOLEANS = ("true", "false", "1", "0", "t", "f", "T", "F", "TRUE", "FALSE", "True", "False")


def refusal(parameters: Sequence[dict[str, str]]) -> str | None:
    """Return what docker writes to stderr before it exits with 125; None when it knows every flag."""
    for each in parameters:
        key, value = each["key"], each["value"]
        if key not in TAKES_VALUE | SWITCHES:
            return f"unknown flag: --{key}\nSee 'docker run --help'.\n"
        if key in SWITCHES and value not in BOOLEANS:
            return (
                f'invalid argument "{value}" for "--{key}" flag: strconv.ParseBool: parsing "{value}": invalid syntax\n'
            )
    return None
