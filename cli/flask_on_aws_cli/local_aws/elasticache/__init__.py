"""ElastiCache replication groups that are real Valkey or Redis servers on this machine."""
