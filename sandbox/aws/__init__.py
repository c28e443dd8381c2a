"""Local AWS: what template.yaml describes, on moto's server, with a process for each function."""
