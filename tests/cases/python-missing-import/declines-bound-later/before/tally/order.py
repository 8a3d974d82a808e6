first = json.loads("{}")

try:
    import ujson as json
except ImportError:
    import json
