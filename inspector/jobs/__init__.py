"""The worker lane: one thread that reads and computes, newest request first."""
