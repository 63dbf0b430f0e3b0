"""Settings of the embedded server, sized to this machine, each with its reason.

What is said about speed comes from ``benchmarks/server_settings.py``: run it to see it again.

Left as PostgreSQL has them: ``fsync``, ``full_page_writes`` and ``synchronous_commit``, because a
warehouse must not forget a load that its ledger calls done (late commits saved a fraction of a
millisecond each); ``max_wal_size``, of which a whole build writes a quarter; ``autovacuum``, which
keeps the planner's figures fresh when a table is loaded outside dbt; ``checkpoint_timeout``,
``random_page_cost``, ``wal_buffers``, ``io_method`` and ``effective_io_concurrency``, which made no
difference that repeated.
"""

from loaders.server.machine import Machine

MIB = 1024**2
# Larger is allowed to a machine, and brought nothing for tables of about a million rows.
MOST_SHARED_MIB = 512
MOST_WORK_MIB = 32
HASH_MULTIPLIER = 3
MOST_PER_QUERY_WORKERS = 4


def settings(machine: Machine) -> dict[str, str]:
    """Names and values for the server's configuration file; all of them exist since 15."""
    memory = machine.memory // MIB
    shared = max(16, min(memory // 8, MOST_SHARED_MIB))
    return {
        # An eighth: the files' cache of the system holds the tables anyway (128 MB, 512 MB and
        # 3 GB took the same time), so this is about leaving a small container its memory.
        "shared_buffers": f"{shared}MB",
        # Two sessions at once, as dbt works, take 0.7 to 0.8 of the time (4 MB: 0.85 to 1.0), and
        # 64 MB or more gain nothing further. Alone, a query may win (grouping the real postcodes:
        # 0.7 to 0.8) or lose (synthetic ones: 1.5; small joins: a tenth of a second).
        "work_mem": f"{max(4, min(memory // 64, MOST_WORK_MIB))}MB",
        # Hash tables get three times that, where two is usual: the lines of a hundred thousand
        # orders, summed by order, take 66 MB.
        "hash_mem_multiplier": str(HASH_MULTIPLIER),
        # Index builds of the keys; taken once, not per sort.
        "maintenance_work_mem": f"{max(16, min(memory // 32, 256))}MB",
        # Tells the planner what the system caches; reserves nothing.
        "effective_cache_size": f"{max(shared, memory // 2)}MB",
        # Nobody replicates this server, and tables that a transaction makes and fills skip the
        # log: a build writes 0.4 of it, in the same time. (Not with data checksums: cluster.py.)
        "wal_level": "minimal",
        "max_wal_senders": "0",
        # Made no difference where it exists (Debian's 15); the package is built without it.
        "jit": "off",
        # dbt's threads use the processors already, so one query gets half of them: on two
        # processors none, one or two helpers took the same time.
        "max_parallel_workers": str(machine.processors),
        "max_parallel_workers_per_gather": str(
            min(machine.processors // 2, MOST_PER_QUERY_WORKERS)
        ),
        # dbt commits where nothing was begun, and each such warning would be a line of the log.
        "log_min_messages": "error",
        # A query whose client was killed ends, too.
        "client_connection_check_interval": "5s",
        # Not in /dev/shm: containers have 64 MB of it, and systemd empties it when an ordinary
        # user logs out, while the server stays. No slower.
        "dynamic_shared_memory_type": "mmap",
    }
