"""The members of an app definition of Marathon 1.11, their types, limits and defaults."""

from tests.marathon_simulator.rules.kinds import (
    INT64,
    Disabled,
    Either,
    Flag,
    Items,
    Kind,
    Members,
    Number,
    Text,
    Words,
    choice,
    whole,
)

LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
SEGMENT = rf"{LABEL}(?:\.{LABEL})*"
PATH_ID = Text(1, None, rf"(?:/?(?:\.\.|\.|{SEGMENT})?(?:$|/))+", rf"/?{SEGMENT}(?:/{SEGMENT})*")
LEGACY_NAME = Text(1, None, r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
NETWORK_NAME = Text(1, 63, r"[a-z0-9](?:[-a-z0-9_]*[a-z0-9])?")
URI = Text(1, 1024)
PATH = Text(1, 1024)
FILLED = Text(1)
WORD = Text()
LABELS = Words(WORD)
ROLE = Text(1, None, r"(?!\.{1,2}$)(?!-)[^\t\n\x0b\f\r /\x7f]+")
PORT = whole(0, 65535)
SECONDS = whole()
NETWORK_PROTOCOL = choice("tcp", "udp", "udp,tcp")
MODE = choice("RO", "RW")

ARTIFACT = Members(
    {"uri": URI, "extract": Flag(), "executable": Flag(), "cache": Flag(), "destPath": PATH},
    required=["uri"],
    defaults={"extract": True, "executable": False, "cache": False},
)
NETWORK = Members(
    {"name": NETWORK_NAME, "mode": choice("container", "container/bridge", "host"), "labels": LABELS},
    defaults={"mode": "container"},
)
PORT_DEFINITION = Members(
    {"port": PORT, "labels": LABELS, "name": LEGACY_NAME, "protocol": NETWORK_PROTOCOL},
    defaults={"port": 0, "labels": {}, "protocol": "tcp"},
)
PORT_MAPPING = Members(
    {
        "containerPort": PORT, "hostPort": PORT, "labels": LABELS, "name": LEGACY_NAME,
        "protocol": NETWORK_PROTOCOL, "servicePort": PORT, "networkNames": Items(WORD),
    },
    defaults={"containerPort": 0, "labels": {}, "protocol": "tcp", "servicePort": 0},
)  # fmt: skip
DISCOVERY_PORT = Members(
    {"number": PORT, "name": LEGACY_NAME, "protocol": NETWORK_PROTOCOL, "labels": LABELS}, required=["name"]
)
IP_ADDRESS = Members(
    {
        "discovery": Members({"ports": Items(DISCOVERY_PORT)}),
        "groups": Items(WORD),
        "labels": LABELS,
        "networkName": FILLED,
    }
)

PERSISTENT = Members(
    {
        "type": choice("root", "path", "mount"), "size": whole(1, INT64), "maxSize": whole(0, INT64),
        "profileName": WORD, "constraints": Items(Items(WORD)),
    },
    required=["size"],
    defaults={"type": "root"},
)  # fmt: skip
PERSISTENT_VOLUME = Members(
    {"containerPath": FILLED, "mode": MODE, "persistent": PERSISTENT}, required=["containerPath", "persistent", "mode"]
)
DVDI = Members(
    {"size": whole(0, INT64), "name": FILLED, "provider": WORD, "options": LABELS, "shared": Flag()},
    required=["name", "provider", "options"],
)
CSI_CAPABILITY = Members(
    {
        "accessMode": choice(
            "SINGLE_NODE_WRITER", "SINGLE_NODE_READER_ONLY", "MULTI_NODE_READER_ONLY", "MULTI_NODE_SINGLE_WRITER",
            "MULTI_NODE_MULTI_WRITER",
        ),
        "accessType": choice("block", "mount"), "fsType": WORD, "mountFlags": Items(WORD),
    },
    required=["accessMode", "accessType"],
)  # fmt: skip
CSI_OPTIONS = Members(
    {
        "pluginName": FILLED, "capability": CSI_CAPABILITY, "nodeStageSecret": LABELS, "nodePublishSecret": LABELS,
        "volumeContext": LABELS,
    },
    required=["pluginName", "capability"],
)  # fmt: skip
CSI = Members(
    {"name": WORD, "provider": choice("csi"), "options": CSI_OPTIONS}, required=["name", "provider", "options"]
)
EXTERNAL_VOLUME = Members(
    {"containerPath": FILLED, "mode": MODE, "external": Either((CSI, DVDI))},
    required=["containerPath", "external", "mode"],
)
SECRET_VOLUME = Members({"containerPath": FILLED, "secret": FILLED}, required=["containerPath", "secret"])
HOST_VOLUME = Members(
    {"containerPath": FILLED, "hostPath": FILLED, "mode": MODE}, required=["containerPath", "hostPath", "mode"]
)
VOLUME = Either((PERSISTENT_VOLUME, EXTERNAL_VOLUME, SECRET_VOLUME, HOST_VOLUME))

PARAMETER = Members({"key": FILLED, "value": WORD}, required=["key", "value"])
DOCKER = Members(
    {
        "image": FILLED, "forcePullImage": Flag(), "privileged": Flag(), "parameters": Items(PARAMETER),
        "pullConfig": Members({"secret": FILLED}, required=["secret"]),
        "network": choice("BRIDGE", "HOST", "USER", "NONE"), "portMappings": Items(PORT_MAPPING),
        "credential": Members({"principal": WORD, "secret": WORD}),
    },
    required=["image"],
    defaults={"forcePullImage": False, "privileged": False, "parameters": []},
)  # fmt: skip
LINUX_INFO = Members(
    {
        "seccomp": Members({"profileName": WORD, "unconfined": Flag()}),
        "ipcInfo": Members({"mode": choice("PRIVATE", "SHARE_PARENT"), "shmSize": whole(None)}, required=["mode"]),
    }
)
CONTAINER = Members(
    {
        "type": choice("DOCKER", "MESOS"), "docker": DOCKER, "linuxInfo": LINUX_INFO, "volumes": Items(VOLUME),
        "portMappings": Items(PORT_MAPPING),
    },
    defaults={"type": "DOCKER", "volumes": []},
)  # fmt: skip

COMMAND = Either((Members({"shell": FILLED}, required=["shell"]), Members({"argv": Items(WORD, 1)}, required=["argv"])))
CHECK = Members(
    {
        "http": Members({"portIndex": PORT, "port": PORT, "path": PATH, "scheme": choice("HTTP")}),
        "tcp": Members({"portIndex": PORT, "port": PORT}),
        "exec": Members({"command": COMMAND}, required=["command"]),
        "intervalSeconds": SECONDS, "timeoutSeconds": SECONDS, "delaySeconds": SECONDS,
    },
    defaults={"intervalSeconds": 60, "timeoutSeconds": 20, "delaySeconds": 15},
)  # fmt: skip
HEALTH_CHECK = Members(
    {
        "protocol": choice("HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_TCP", "MESOS_HTTP", "MESOS_HTTPS"),
        "command": Members({"value": WORD}, required=["value"]), "path": WORD, "port": PORT, "portIndex": PORT,
        "gracePeriodSeconds": SECONDS, "intervalSeconds": SECONDS, "maxConsecutiveFailures": SECONDS,
        "timeoutSeconds": whole(None), "delaySeconds": SECONDS, "ignoreHttp1xx": Flag(), "ipProtocol": choice("IPv4", "IPv6"),
    },
    defaults={
        "protocol": "HTTP", "gracePeriodSeconds": 300, "intervalSeconds": 60, "maxConsecutiveFailures": 3,
        "timeoutSeconds": 20, "delaySeconds": 15, "ignoreHttp1xx": False, "ipProtocol": "IPv4",
    },
)  # fmt: skip
READINESS_CHECK = Members(
    {
        "name": FILLED, "protocol": choice("HTTP", "HTTPS"), "path": PATH, "portName": LEGACY_NAME,
        "intervalSeconds": SECONDS, "timeoutSeconds": whole(1), "httpStatusCodesForReady": Items(whole(100, 999), 1),
        "preserveLastResponse": Flag(),
    },
    defaults={
        "name": "readinessCheck", "protocol": "HTTP", "path": "/", "portName": "http-api", "intervalSeconds": 30,
        "timeoutSeconds": 10, "httpStatusCodesForReady": [200], "preserveLastResponse": False,
    },
)  # fmt: skip
LIMIT = Either((Number(), WORD))
SHARE = Number(0, 1)

MEMBERS: dict[str, Kind] = {
    "id": PATH_ID, "acceptedResourceRoles": Items(ROLE), "args": Items(WORD), "backoffFactor": Number(1),
    "backoffSeconds": SECONDS, "maxLaunchDelaySeconds": SECONDS, "cmd": FILLED, "constraints": Items(Items(WORD)),
    "container": CONTAINER, "cpus": Number(0), "mem": Number(0), "disk": Number(0), "gpus": whole(),
    "dependencies": Items(WORD), "env": Words(Either((WORD, Members({"secret": WORD}, required=["secret"])))),
    "executor": Text(0, None, r"(?://cmd)|(?:/?[^/]+(?:/[^/]+)*)|"),
    "executorResources": Members({"cpus": Number(0), "mem": Number(32), "disk": Number(10)}),
    "fetch": Items(ARTIFACT), "healthChecks": Items(HEALTH_CHECK), "check": CHECK, "instances": whole(), "labels": LABELS,
    "ipAddress": IP_ADDRESS, "networks": Items(NETWORK), "ports": Items(PORT), "portDefinitions": Items(PORT_DEFINITION),
    "readinessChecks": Items(READINESS_CHECK),
    "residency": Members(
        {
            "relaunchEscalationTimeoutSeconds": whole(0, INT64),
            "taskLostBehavior": choice("WAIT_FOREVER", "RELAUNCH_AFTER_TIMEOUT"),
        }
    ),
    "resourceLimits": Members({"cpus": LIMIT, "mem": LIMIT}), "requirePorts": Flag(),
    "secrets": Words(Members({"source": FILLED}, required=["source"])), "taskKillGracePeriodSeconds": SECONDS,
    "upgradeStrategy": Members(
        {"maximumOverCapacity": SHARE, "minimumHealthCapacity": SHARE},
        required=["maximumOverCapacity", "minimumHealthCapacity"],
    ),
    "uris": Items(URI), "user": WORD, "version": WORD,
    "versionInfo": Members({"lastScalingAt": WORD, "lastConfigChangeAt": WORD}),
    "killSelection": choice("YOUNGEST_FIRST", "OLDEST_FIRST"),
    "unreachableStrategy": Either(
        (Disabled(), Members({"inactiveAfterSeconds": whole(0, INT64), "expungeAfterSeconds": whole(0, INT64)}))
    ),
    "tty": Flag(), "role": FILLED,
}  # fmt: skip
UPDATE = Members(MEMBERS)
APP = Members(MEMBERS, required=["id"])
