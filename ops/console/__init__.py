"""The console: pages on the operator's own machine, with their own AWS credentials."""
