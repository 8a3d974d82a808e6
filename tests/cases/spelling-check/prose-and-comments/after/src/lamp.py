def lamp():
    """Occurred at night."""
