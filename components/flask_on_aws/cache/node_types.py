"""The node types on which ElastiCache runs Valkey, over all regions; a new one is a new line here.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheNodes.SupportedTypes.html. Without r6gd, which needs data tiering.
"""

from collections.abc import Iterator, Mapping

from ..validation.problems import Problem

_TO_16 = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_TO_24 = ("large", "xlarge", "2xlarge", "4xlarge", "12xlarge", "24xlarge")
_SIZES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("t3", "t4g"): ("micro", "small", "medium"),
    ("m5", "r5"): _TO_24,
    ("m6g", "m7g", "r6g", "r7g", "c7gn"): _TO_16,
}
_NODE_TYPES = {family: sizes for families, sizes in _SIZES.items() for family in families}


def node_type_problems(argument: str, node_type: str) -> Iterator[Problem]:
    """A node type that ElastiCache has for Valkey; some regions lack some of them."""
    prefix, _, rest = node_type.partition(".")
    family, _, size = rest.partition(".")
    if prefix != "cache" or family not in _NODE_TYPES:
        yield Problem(
            argument,
            f"{node_type!r} is not a node type of ElastiCache for Valkey, like cache.t4g.micro; its families are "
            f"{', '.join(sorted(_NODE_TYPES))}.",
        )
    elif size not in _NODE_TYPES[family]:
        yield Problem(
            argument,
            f"{node_type!r} does not exist; cache.{family} has the sizes {', '.join(_NODE_TYPES[family])}.",
        )
