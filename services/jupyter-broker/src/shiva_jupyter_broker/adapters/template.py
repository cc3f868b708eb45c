"""How every container is run: one fixed template, whatever engine renders it. Pure.

Nothing of a request gets here but through a checked spec, and there is no template without limits.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shiva_jupyter_broker.domain import naming
from shiva_jupyter_broker.domain.containers import ContainerSpec, GpuUuid, ImageRef, Limits

JUPYTER_PORT = 8888
HANDOVER = "/run/shiva"  # where the launch's folder, with the token, is mounted read-only

# What sudo, apt and sshd need, and no more.
CAPABILITIES = (
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID", "SYS_CHROOT",
)  # fmt: skip
OPEN_FILES = 16384  # an engine without CAP_SYS_RESOURCE cannot give more than it has itself
OOM_SCORE = 500  # a notebook goes before anything of the machine; kernels raise theirs, so they go before the server
LOG_MAX_SIZE = "1m"
LOG_FILES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A folder of the machine inside the container. The machine's own mount says nosuid and nodev, a bind keeps that."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is the same for every container of an installation."""

    domain: str  # see `labels.DOMAIN`
    network: str = "shiva"
    ports: tuple[int, int] = (31000, 32000)  # of the machine, both included, for Jupyter's port
    kernel_idle_timeout: int = 0  # seconds after which a kernel that nobody is connected to ends; 0: never
    uid_base: int = 0  # what a uid inside lies below the one outside: where the engines' remapped range begins

    def called(self, container: str) -> str:
        """Return the one name that a container of this id, or its record, can have on an engine, which refuses a second one."""
        return f"shiva.{self.domain}.{container}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One container as an engine has to run it."""

    image: ImageRef
    hostname: str
    environment: Mapping[str, str]
    mounts: tuple[Mount, ...]
    limits: Limits
    gpus: tuple[GpuUuid, ...]
    network: str
    ports: tuple[int, int]
    capabilities: tuple[str, ...] = CAPABILITIES


def template(spec: ContainerSpec, site: Site, *, handover: str) -> Template:
    """Return how `spec` is run; `handover` is its launch's folder on the machine."""
    inside = spec.uid - site.uid_base
    gpus = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"} if spec.gpus else {"NVIDIA_VISIBLE_DEVICES": "void"}
    return Template(
        image=spec.image_ref,
        hostname=_hostname(spec.machine),
        environment=gpus
        | {
            "SHIVA_USER": spec.owner,
            "SHIVA_UID": str(inside),
            "SHIVA_PREFIX": naming.prefix(spec.owner, spec.name),
            "SHIVA_CONTAINER_ID": spec.id,
            "SHIVA_KERNEL_IDLE_TIMEOUT": str(site.kernel_idle_timeout),
        },
        mounts=(
            Mount(source=spec.home, target=f"/home/{spec.owner}"),
            Mount(source=handover, target=HANDOVER, read_only=True),
        ),
        limits=spec.limits,
        gpus=spec.gpus,
        network=site.network,
        ports=site.ports,
    )


def _hostname(machine: str) -> str:
    """Return what a prompt shows: the machine's name, as far as a host may be called that."""
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else "-" for c in machine)[:63].strip("-") or "shiva"
