"""What is computed from open models; every method in a file of its own, none imports torch."""
