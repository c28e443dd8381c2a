"""Where everything is put together, one module per function, so that each ships what it uses.

Nothing else in lib/ makes a client or reads the environment.
"""
