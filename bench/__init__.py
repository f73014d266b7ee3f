"""Benchmarks: each holds a figure against a limit; docs/benchmarks.md tells what every line means."""
