"""What ``dbt --target spark`` needs before dbt starts: the lake that it reads, and Java."""

from loaders.spark.lake import prepare

__all__ = ["prepare"]
