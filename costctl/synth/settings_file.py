"""The costctl.toml of a world: what its operators would declare about what they pay for and what they promise.

In: a world. Out: the text of the file. It says nothing of classes by request, of step times or of true costs.
"""

from __future__ import annotations

import json

from costctl.synth.world import ClassSpec, PoolSpec, StorageSpec, World


def settings_text(world: World) -> str:
    """TOML that costctl.config reads."""
    blocks = [
        f"# What the platform of world {world.name} pays for, and what its classes of requests need.\n"
        f"internet_usd_per_gb_egress = {world.usd_per_gb_egress}\n",
        *(_pool(pool) for pool in world.pools),
        *(_storage(storage) for storage in world.storage),
        *(_class(world, spec) for spec in world.classes),
    ]
    return "\n".join(blocks)


def _pool(pool: PoolSpec) -> str:
    lines = [
        f"[pools.{pool.name}]",
        f"tier = {_text(pool.tier)}",
        f'region = "eu-west-2"\njurisdiction = {_text(pool.jurisdiction)}\nboundary = "private_cloud"',
        f"usd_per_replica_hour = {pool.usd_per_replica_hour}",
        f"replicas = {pool.replicas}",
        f"models = [{_text(pool.model)}]",
        f'match = {{ "service.name" = {_text(pool.name)} }}',
    ]
    if pool.is_static:
        lines += [f"max_batch_size = {pool.slots}", f'batch_window = "{pool.window_s * 1e3:g}ms"']
    else:
        lines += [f"max_num_seqs = {pool.slots}"]
    return "\n".join(lines) + "\n"


def _storage(storage: StorageSpec) -> str:
    return (
        f"[storage.{storage.name}]\nkind = {_text(storage.kind)}\n"
        f"usd_per_1k_reads = {storage.usd_per_1k_reads}\nusd_per_gb_egress = {storage.usd_per_gb_egress}\n"
        f"p50_read_s = {storage.read_s.median}\n"
        f'match = {{ "aws.s3.bucket" = "documents-{storage.name}" }}\n'
    )


def _class(world: World, spec: ClassSpec) -> str:
    lines = [f"[classes.{spec.name}]"]
    if spec.e2e_p95 is not None:
        lines.append(f"slo = {{ e2e_p95 = {_text(spec.e2e_p95)} }}")
    if spec.usd_per_success is not None:
        lines.append(f"value = {{ usd_per_success = {spec.usd_per_success} }}")
    if spec.is_deferrable:
        lines.append("deferrable = true")
    used = {world.pool(step.pool).model for step in spec.steps if step.pool is not None}
    lines.append(f"allowed_models = {json.dumps(sorted({*used, *spec.other_models}))}")
    lines.append('boundary = { jurisdictions = ["eu"], enforcement = "required" }')
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value)
