"""Runs a network: OpenVINO on a CPU, torch on a GPU."""
