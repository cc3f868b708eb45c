"""What a container carries: a spec as labels, and back. The engine's labels are the only record of it. Pure, no secrets."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from shiva_jupyter_broker.domain.containers import (
    ContainerId,
    ContainerSpec,
    GpuUuid,
    ImageName,
    ImageRef,
    LaunchId,
    Limits,
    MachineName,
    UserName,
)

DOMAIN = "shiva.domain"  # which installation a container belongs to: two may share an engine
ID = "shiva.id"
LAUNCH = "shiva.launch"
IMAGE_REF = "shiva.image.ref"


class DamagedLabelsError(ValueError):
    """The labels say that it is ours, but not what it is."""


def labels(spec: ContainerSpec, *, domain: str) -> dict[str, str]:
    """Return what is written at launch; everything but the token, which is worked out from the launch's id."""
    return {
        DOMAIN: domain,
        ID: spec.id,
        LAUNCH: spec.launch_id,
        "shiva.owner": spec.owner,
        "shiva.name": spec.name,
        "shiva.machine": spec.machine,
        "shiva.image": spec.image,
        IMAGE_REF: spec.image_ref,
        "shiva.gpus": ",".join(spec.gpus),
        "shiva.gpus.shared": "true" if spec.gpus_shared else "false",
        "shiva.limits": json.dumps(asdict(spec.limits), separators=(",", ":")),
        "shiva.home": spec.home,
        "shiva.uid": str(spec.uid),
        "shiva.requested_at": spec.requested_at.isoformat(),
        "shiva.placed_at": spec.placed_at.isoformat(),
    }


def spec(given: Mapping[str, str], *, token: str) -> ContainerSpec:
    """Return the spec that was written; the inverse of `labels`. Labels of others are left alone.

    Raises:
        DamagedLabelsError: something is missing or is not what it should be.
    """
    try:
        return ContainerSpec(
            id=ContainerId(given[ID]),
            launch_id=LaunchId(given[LAUNCH]),
            owner=UserName(given["shiva.owner"]),
            name=given["shiva.name"],
            machine=MachineName(given["shiva.machine"]),
            image=ImageName(given["shiva.image"]),
            image_ref=ImageRef(given[IMAGE_REF]),
            gpus=tuple(GpuUuid(uuid) for uuid in given["shiva.gpus"].split(",") if uuid),
            gpus_shared=given["shiva.gpus.shared"] == "true",
            limits=Limits(**json.loads(given["shiva.limits"])),
            home=given["shiva.home"],
            uid=int(given["shiva.uid"]),
            token=token,
            requested_at=_moment(given["shiva.requested_at"]),
            placed_at=_moment(given["shiva.placed_at"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedLabelsError(f"{given.get(ID, 'a container')}: {error!r}") from error


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at
