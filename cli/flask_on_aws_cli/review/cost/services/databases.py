"""RDS, Aurora and DocumentDB."""

import re
from collections.abc import Iterator
from decimal import Decimal

from flask_on_aws.database.engines import PROFILES_BY_NAME

from ...cost_model import ZERO, Line, Price
from ..stack import ONE, Priced, number

_TWO = Decimal(2)
_FREE_INSIGHTS_DAYS = 7
# gp3 of RDS: input/output operations that its price includes, by size and engine,
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
_STRIPED_GIB = 400
_INCLUDED_IOPS, _STRIPED_IOPS = Decimal(3000), Decimal(12000)
_INCLUDED_THROUGHPUT, _STRIPED_THROUGHPUT = Decimal(125), Decimal(500)
# Engines with Extended Support, and the last version of each in its third year, which costs twice as much.
_EXTENDED = {"postgres": (11, 99), "mysql": (5, 7)}
_NOT_EXTENDED = "open-source-rds-extended-support-disabled"
_RDS_CLUSTER = "aws:rds/cluster:Cluster"
_SERVERLESS = "db.serverless"
_IO_OPTIMIZED = "aurora-iopt1"
_MILLION = "databaseMillionIo"


def instance(database: Priced) -> Iterator[Line]:
    """A database instance of RDS with its storage."""
    engine, size = database.get("engine"), database.get("instanceClass")
    is_multi = database.get("multiAz") is True
    zones = "multi" if is_multi else "single"
    if not size:
        reason = "Its instance class is not set." if engine else "Its engine and instance class are not set."
        yield database.unknown("instance", reason, ("instanceClass",))
    else:
        item = f"rds_{engine or _engine_of_source(database)}_{size}"
        line = database.fixed("instance", f"{item}_{zones}", database.hours, ("engine", "instanceClass", "multiAz"))
        yield _doubled(database, item, line) if is_multi and line.price is None else line
    yield from _extended_support(database, is_multi)
    yield from _storage(database, is_multi, zones)
    yield database.used("backups", "rds_backup_over_free", database.figure("databaseBackupGb"))
    yield from _monitoring(database)


def _extended_support(database: Priced, is_multi: bool) -> Iterator[Line]:
    """What a version costs after the end of its standard support, unless it is turned off; the standby costs as much.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/extended-support-charges.html
    """
    engine, version = str(database.get("engine")), _version(database.get("engineVersion"))
    if engine not in _EXTENDED or not version or database.get("engineLifecycleSupport") == _NOT_EXTENDED:
        return
    if version >= _version(PROFILES_BY_NAME[engine].versions[0]):
        return
    basis = ("engineVersion", "engineLifecycleSupport", "instanceClass", "multiAz")
    cores = _cores(str(database.get("instanceClass")))
    if version <= _EXTENDED[engine]:
        reason = (
            f"There is no price of the third year of Extended Support for {engine} {database.get('engineVersion')}."
        )
        yield database.unknown("Extended Support", reason, basis)
    elif cores is None:
        yield database.unknown("Extended Support", "The number of its processors is not known.", basis)
    else:
        hours = cores * (_TWO if is_multi else ONE) * database.hours
        yield database.fixed("Extended Support", "rds_extended_support_year1_2", hours, basis)


def _version(value: object) -> tuple[int, ...]:
    """Two numbers of a version: (13, 4) of 13.4."""
    return tuple(map(int, re.findall(r"\d+", str(value or ""))[:2]))


def _cores(instance_class: str) -> Decimal | None:
    """The virtual processors of a class: two up to large, four times the number before xlarge."""
    size = instance_class.rpartition(".")[2]
    match = re.fullmatch(r"(\d*)xlarge", size)
    if match:
        return Decimal(4 * int(match[1] or 1))
    return _TWO if size in ("micro", "small", "medium", "large") else None


def _engine_of_source(database: Priced) -> str:
    """The engine of the database that this one is a replica of."""
    source = database.related("replicateSourceDb", "aws:rds/instance:Instance")
    return str(source.get("engine")) if source else "unknown"


def _doubled(database: Priced, item: str, line: Line) -> Line:
    """A database with a standby costs exactly twice that in one zone."""
    single = database.stack.prices.find(database.region, f"{item}_single")
    if single is None:
        return line
    price = Price(
        single.region,
        f"{item}_multi",
        single.usd * _TWO,
        single.unit,
        f"twice the price in one zone: {single.source}",
        single.date,
        single.confidence,
    )
    return Line(line.name, line.quantity, price, False, line.basis)


def _storage(database: Priced, is_multi: bool, zones: str) -> Iterator[Line]:
    size = number(database.get("allocatedStorage"))
    kind = database.get("storageType") or ("io1" if database.get("iops") else "gp2")
    basis = ("allocatedStorage", "storageType", "multiAz")
    if size is None:
        if not (database.get("replicateSourceDb") or database.get("snapshotIdentifier")):
            yield database.unknown("storage", "Its storage is not set.", basis)
            return
        yield database.unknown("storage", "Its storage is that of another database, which is not known.", basis)
        return
    if kind != "gp3":
        yield database.unknown("storage", f"There is no price of {kind} storage.", basis, size)
        return
    yield database.fixed("storage", f"rds_gp3_{zones}", size, basis)
    most = number(database.get("maxAllocatedStorage")) or ZERO
    if most > size:
        grown = database.usage.between("databaseStorageGb", database.name, size, most) - size
        yield database.used("storage that grows", f"rds_gp3_{zones}", grown, ("maxAllocatedStorage", *basis))
    # SQL Server's storage is never striped.
    is_striped = size >= _STRIPED_GIB and not str(database.get("engine")).startswith("sqlserver")
    included = _STRIPED_IOPS if is_striped else _INCLUDED_IOPS
    above = max((number(database.get("iops")) or ZERO) - included, ZERO)
    count = above * (_TWO if is_multi else ONE)
    yield database.fixed("IOPS", "rds_gp3_iops_over_baseline", count, ("iops", "multiAz", "allocatedStorage"))
    throughput = number(database.get("storageThroughput")) or ZERO
    if throughput > (_STRIPED_THROUGHPUT if is_striped else _INCLUDED_THROUGHPUT):
        reason = "There is no price of the throughput of its storage."
        yield database.unknown("throughput", reason, ("storageThroughput",))


def _monitoring(database: Priced) -> Iterator[Line]:
    if number(database.get("monitoringInterval")):
        yield database.used(
            "Enhanced Monitoring", "logs_ingest_standard", database.figure("monitoringLogGb"), ("monitoringInterval",)
        )
    days = number(database.get("performanceInsightsRetentionPeriod")) or ZERO
    if database.get("performanceInsightsEnabled") is True and days > _FREE_INSIGHTS_DAYS:
        reason = f"There is no price of Performance Insights of more than {_FREE_INSIGHTS_DAYS} days."
        yield database.unknown("Performance Insights", reason, ("performanceInsightsRetentionPeriod",))


def cluster(cluster: Priced) -> Iterator[Line]:
    """The storage of an Aurora cluster; its instances are other resources."""
    engine = str(cluster.get("engine"))
    if not engine.startswith("aurora"):
        yield cluster.unknown("cluster", f"There is no price of a Multi-AZ cluster of {engine}.", ("engine",))
        return
    storage = cluster.figure("clusterStorageGb")
    if cluster.get("storageType") == _IO_OPTIMIZED:
        yield cluster.unknown("storage", "There is no price of I/O-Optimized storage.", ("storageType",), storage)
    else:
        yield cluster.used("storage", "aurora_storage", storage, ("storageType",))
        yield cluster.used("I/O requests", "aurora_io", cluster.figure(_MILLION), ("storageType",))
    yield cluster.used("backups", "aurora_backup_over_free", cluster.figure("databaseBackupGb"))


def cluster_instance(instance: Priced) -> Iterator[Line]:
    """An instance of an Aurora cluster."""
    size = instance.get("instanceClass")
    if size != _SERVERLESS:
        yield instance.unknown("instance", f"There is no price of {size} with Aurora.", ("instanceClass",))
        return
    cluster = instance.related("clusterIdentifier", _RDS_CLUSTER)
    if cluster is None:
        yield instance.unknown("capacity", "Its cluster is not in the stack.", ("clusterIdentifier",))
        return
    scaling = cluster.block("serverlessv2ScalingConfiguration")
    least, most = number(scaling.get("minCapacity")), number(scaling.get("maxCapacity"))
    if least is None or most is None:
        yield instance.unknown("capacity", "The capacity of its cluster is not known.", ("clusterIdentifier",))
        return
    item = "aurora_sv2_acu_io_optimized" if cluster.get("storageType") == _IO_OPTIMIZED else "aurora_sv2_acu"
    limits = {f"{cluster.name}.minCapacity": str(least)}
    yield instance.fixed("least capacity", item, least * instance.hours, ("instanceClass",), more=limits)
    average = instance.usage.between("acu", instance.name, least, most)
    yield instance.used("capacity above the least", item, (average - least) * instance.hours)
    yield from _monitoring(instance)


def docdb_cluster(cluster: Priced) -> Iterator[Line]:
    """The storage of a DocumentDB cluster."""
    if cluster.get("storageType") == "iopt1":
        storage = cluster.figure("clusterStorageGb")
        yield cluster.unknown("storage", "There is no price of I/O-Optimized storage.", ("storageType",), storage)
    else:
        yield cluster.used("storage", "docdb_storage", cluster.figure("clusterStorageGb"), ("storageType",))
        yield cluster.used("I/O requests", "docdb_io", cluster.figure(_MILLION), ("storageType",))
    yield cluster.used("backups", "docdb_backup", cluster.figure("databaseBackupGb"))


def docdb_instance(instance: Priced) -> Iterator[Line]:
    """An instance of a DocumentDB cluster."""
    yield instance.fixed("instance", f"docdb_{instance.get('instanceClass')}", instance.hours, ("instanceClass",))
