"""What runs without being asked: the delivery of webhooks. It waits on others' programs, so nobody waits on it."""
