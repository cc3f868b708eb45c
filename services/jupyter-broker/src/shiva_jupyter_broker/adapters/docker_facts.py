"""What changes seldom on an engine: its images, and what protects less there than it should."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import docker
from docker.errors import NotFound

from shiva_jupyter_broker.adapters.template import Site

LIMITS = {
    "CpuCfsQuota": "CPUs", "MemoryLimit": "memory", "SwapLimit": "swap", "PidsLimit": "the number of processes",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """As of the last time that somebody asked."""

    images: frozenset[str]  # every name, digest and id
    warnings: tuple[str, ...]
    layer_limit: bool  # whether the storage driver can bound what is written outside the home
    only_runc: bool  # whether a container must name its runtime, since the engine's own choice hands out GPUs


def facts(api: docker.APIClient, site: Site) -> Facts:
    """Ask an engine; raises what the SDK raises."""
    info = api.info()
    try:
        network = api.inspect_network(site.network)
    except NotFound:
        network = None
    can = can_limit_layers(info)
    return Facts(
        images=images(api),
        warnings=tuple(warnings(info, network, site, layer_limit=can)),
        layer_limit=can,
        only_runc=_hands_out_gpus(info),
    )


def images(api: docker.APIClient) -> frozenset[str]:
    """Return every name under which an image is there."""
    found = set[str]()
    for each in api.images():
        names = [name for kind in ("RepoTags", "RepoDigests") for name in each[kind] or [] if "<none>" not in name]
        found |= {each["Id"], *names, *(name.removesuffix(":latest") for name in names)}
    return frozenset(found)


def can_limit_layers(info: Mapping[str, Any]) -> bool:
    """Tell whether the storage driver may do it; over XFS only with quotas, which an engine does not tell."""
    backing = dict(info.get("DriverStatus") or []).get("Backing Filesystem")
    return info["Driver"] == "btrfs" or (info["Driver"] == "overlay2" and backing == "xfs")


def warnings(info: Mapping[str, Any], network: Mapping[str, Any] | None, site: Site, *, layer_limit: bool) -> list[str]:
    """Return a sentence for the operator for each thing that protects less than it should."""
    lacking = ", ".join(name for key, name in LIMITS.items() if info.get(key) is False)
    found = {
        "Its engine has no live-restore: a restart of the engine restarts its notebooks.": not info.get(
            "LiveRestoreEnabled"
        ),
        "Its engine's storage driver cannot limit what is written outside the home.": not layer_limit,
        f"Its kernel cannot limit {lacking}.": bool(lacking),
        "Its engine's default runtime is nvidia: containers that are not ours may take any GPU.": _hands_out_gpus(info),
    }
    return [
        *_of_users(info, site),
        *(sentence for sentence, true in found.items() if true),
        *_of_network(network, site),
    ]


def _hands_out_gpus(info: Mapping[str, Any]) -> bool:
    return info.get("DefaultRuntime") == "nvidia"


def _of_users(info: Mapping[str, Any], site: Site) -> Iterator[str]:
    base = site.uid_base
    if not any("name=userns" in each for each in info.get("SecurityOptions") or []):
        yield "Its engine does not remap users: root inside a container is root of the machine."
        if base:
            yield f"The broker's uid base is {base}, but its engine does not remap users: homes will not open."
    elif not str(info["DockerRootDir"]).endswith(f"/{base}.{base}"):
        yield f"Its engine remaps users to another range than the broker's uid base {base}: homes will not open."


def _of_network(network: Mapping[str, Any] | None, site: Site) -> Iterator[str]:
    if network is None:
        yield f"It has no network {site.network}: nothing can start there."
    elif (network.get("Options") or {}).get("com.docker.network.bridge.enable_icc") != "false":
        yield f"On its network {site.network} containers reach one another."
