try:
    import ujson
except ImportError:
    raise SystemExit(1)
