"""Since 2.2.4 the version stands here."""
__version__ = "2.2.4"  # keep in step
