"""What people run: the pushproof command. Never shipped to Lambda."""
