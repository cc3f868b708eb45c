"""Keys and values by which a request for a container might reach an engine's own options."""

from typing import Any

HOST = "/:/host"

# Members that no request has, at every level and in every spelling.
KEYS: list[dict[str, Any]] = [
    *({name: True} for name in ("Privileged", "privileged", "PRIVILEGED", "publish_all_ports", "PublishAllPorts", "AutoRemove", "Init", "Tty")),
    *({name: [HOST]} for name in ("Binds", "binds", "volumes", "Volumes", "volume", "VolumesFrom", "volumes_from", "tmpfs")),
    {"Mounts": [{"Type": "bind", "Source": "/", "Target": "/host"}]}, {"mounts": [{"source": "/var/run/docker.sock"}]},
    *({name: ["SYS_ADMIN"]} for name in ("CapAdd", "cap_add", "capAdd", "cap-add", "capabilities")),
    {"CapDrop": []}, {"cap_drop": []},
    *({name: "host"} for name in ("PidMode", "pid_mode", "IpcMode", "ipc", "UTSMode", "NetworkMode", "network_mode", "network", "net")),
    *({name: "host"} for name in ("UsernsMode", "userns_mode", "userns", "CgroupnsMode", "CgroupParent", "Isolation", "Runtime", "runtime")),
    {"Devices": [{"PathOnHost": "/dev/sda"}]}, {"devices": ["/dev/mem"]}, {"DeviceCgroupRules": ["a *:* rwm"]},
    {"DeviceRequests": [{"Count": -1, "Capabilities": [["gpu"]]}]}, {"device_requests": "all"}, {"gpu_uuids": ["GPU-gpu-01-0"]},
    {"SecurityOpt": ["seccomp=unconfined", "apparmor=unconfined"]}, {"security_opt": ["no-new-privileges=false"]},
    {"MaskedPaths": []}, {"ReadonlyPaths": []}, {"Sysctls": {"kernel.core_pattern": "|/x"}}, {"GroupAdd": ["docker"]},
    {"Cmd": ["sh"]}, {"cmd": "sh"}, {"command": ["sh", "-c", "id"]}, {"args": ["--allow-root"]}, {"Entrypoint": ["/bin/sh"]}, {"entrypoint": "sh"},
    {"Env": ["LD_PRELOAD=/home/ada/x.so"]}, {"env": {"LD_PRELOAD": "/x.so"}}, {"environment": {"NVIDIA_VISIBLE_DEVICES": "all"}},
    {"NVIDIA_VISIBLE_DEVICES": "all"}, {"LD_PRELOAD": "/x.so"}, {"SHIVA_USER": "ken"}, {"CUDA_VISIBLE_DEVICES": "0"},
    {"Labels": {"shiva.owner": "ken"}}, {"labels": {"shiva.owner": "ken"}}, {"shiva.owner": "ken"}, {"shiva.gpus": "GPU-gpu-01-0"},
    {"User": "0:0"}, {"user": "root"}, {"uid": 0}, {"gid": 0}, {"SHIVA_UID": 0}, {"home": "/srv/homes/ken"}, {"Home": "/"}, {"token": "t"},
    {"launch_id": "l1"}, {"id": "ken--default"}, {"WorkingDir": "/host"}, {"Hostname": "gpu-02"}, {"Healthcheck": {"Test": ["CMD", "sh"]}},
    {"Image": "evil"}, {"image_ref": "evil"}, {"image_reference": "registry.evil/x@sha256:" + "0" * 64}, {"registry": "evil"},
    {"PortBindings": {"22/tcp": [{"HostPort": "22"}]}}, {"ports": ["22:22"]}, {"ExposedPorts": {"22/tcp": {}}}, {"ExtraHosts": ["broker:1"]},
    {"RestartPolicy": {"Name": "always"}}, {"LogConfig": {"Type": "syslog"}}, {"StorageOpt": {"size": "1T"}}, {"ShmSize": 2**40},
    {"Memory": 0}, {"memory": -1}, {"MemorySwap": -1}, {"memory_swap": -1}, {"NanoCpus": 0}, {"CpuShares": 1}, {"PidsLimit": -1}, {"pids": 0},
    {"limits": {"pids": -1}}, {"Ulimits": [{"Name": "core", "Soft": -1}]}, {"OomKillDisable": True}, {"OomScoreAdj": -1000}, {"oom_score_adj": -1000},
    *({level: {"Privileged": True}} for level in ("HostConfig", "host_config", "hostConfig", "config", "spec", "container", "options", "template")),
    *({f"{level}.Privileged": True} for level in ("HostConfig", "host_config", "docker", "container.docker")),
    {"docker": {"parameters": [{"key": "privileged", "value": "true"}]}}, {"docker.parameters": [{"key": "volume", "value": HOST}]},
    {"docker": {"privileged": True}}, {"container": {"docker": {"parameters": [{"key": "pid", "value": "host"}]}}}, {"parameters": {"pid": "host"}},
    {"HostConfig[Privileged]": True}, {"HostConfig/Privileged": True}, {"$ref": "file:///etc/passwd"}, {"__class__": "x"}, {"__proto__": {"Privileged": True}},
    {"ｐrivileged": True}, {"privileged ": True}, {"\ufeffprivileged": True}, {"gpus\u0000": 8}, {"Gpus": 8}, {"NAME": "x"}, {"": True},
    {"constraints": [["hostname", "LIKE", ".*"]]}, {"fetch": [{"uri": "http://evil/x"}]}, {"taskKillGracePeriodSeconds": 10**9}, {"instances": 99},
]  # fmt: skip

FLAGS = ("--privileged", "-v /:/host", "x --privileged", "x;id", "x\n--privileged", "$(id)", "x\u0000", "\u202ex")
REFERENCES = (
    "alpine", "alpine:latest", "registry.evil:5000/alpine", f"alpine@sha256:{'0' * 64}", f"sha256:{'1' * 64}", "shiva-jupyter:latest",
    "SHIVA-JUPYTER", " shiva-jupyter", "shiva-jupyter ", "../shiva-jupyter", "docker://x", "file:///etc/passwd", "shiva-jupyter@latest",
)  # fmt: skip
PATHS = (
    "../ken",
    "..",
    ".",
    "a/../../b",
    "/etc",
    "a/b",
    "..%2fken",
    "%2e%2e",
    "a\\..\\b",
    "ken--default",
    "a--b",
    "-a",
    "A",
    "a_b",
    "ａ",
)


def each(name: str, *values: Any) -> list[dict[str, Any]]:
    """Return one request for each value of a member."""
    return [{name: value} for value in values]


# Values of members that a request has.
VALUES = [
    *each("image", *FLAGS, *REFERENCES, {"Privileged": True}, ["x"], 0),
    *each("machine", *FLAGS, "*", "gpu-99", "gpu-01,gpu-02", "GPU-01", {"name": "gpu-01"}, ["gpu-01"]),
    *each("name", *FLAGS, *PATHS, "lab", "x" * 64, {"HostConfig": {}}, ["x"], 7),
    *each("gpus", "all", "-1", -1, 65, 1e3, True, ["GPU-gpu-01-0"], {"DeviceRequests": []}, "device=0"),
]
# Of members that only the broker takes, from the manager.
OWNERS = each("owner", *FLAGS, *PATHS, "ada:0", "0:0", "root,ken", ["ada"], 0, None)
LIMITS = [
    *each("cpus", 0, -1, 1e9, 4096, "all", "1e3", True, [1]),
    *each("memory_bytes", 0, -1, 2**20, 2**49, 2**60, "1t", True, 1.5),
    *each("avoid_gpus", "all", [1], [{"DeviceRequests": []}], {"Binds": []}),
    *each("exclude_gpus", "all", None, [1], [None], [["GPU-1"]], {"GPU-1": True}, "GPU-1"),
    *each("gpus_shared", "yes", 1, None, ["x"]),
]
