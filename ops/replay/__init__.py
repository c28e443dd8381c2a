"""Events sent again by hand, as Okta would send them, and what became of each."""
