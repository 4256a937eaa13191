"""`make bench`: the hub measured against its goals, each beside what a user would pick instead, in one run."""
