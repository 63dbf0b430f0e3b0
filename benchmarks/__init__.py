"""What the project costs, as ratios against references of the same run on the same machine."""
