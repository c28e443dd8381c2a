"""Looks at both simulated directories at once and changes them, as a person at either would.

Only what a vendor serves reaches the product; nothing here is served by one.
"""
