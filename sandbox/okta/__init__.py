"""A simulated Okta org: the parts of the management API and the push engine the product meets.

It imports nothing from the product, so a wrong rule there is not mirrored here.
"""
