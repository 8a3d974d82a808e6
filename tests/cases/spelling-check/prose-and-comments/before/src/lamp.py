def lamp():
    """Occured at night."""
