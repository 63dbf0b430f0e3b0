def stale(project): return []
