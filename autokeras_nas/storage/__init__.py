"""What a project keeps on disk: an append-only journal and snapshots of what was learned."""

from autokeras_nas.storage.disk import is_disk_full, sync_file, writing
from autokeras_nas.storage.journal import Journal
from autokeras_nas.storage.snapshot import read_snapshot, write_snapshot

__all__ = ["Journal", "is_disk_full", "read_snapshot", "sync_file", "write_snapshot", "writing"]
