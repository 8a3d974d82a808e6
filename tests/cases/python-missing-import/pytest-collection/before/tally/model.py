from dataclasses import dataclass, field
from typing import (
    Dict,
    List,
)


@dataclass
class Entry:
    note: Optional[str] = None
    names: List[str] = field(default_factory=list)
    more: Dict[str, str] = field(default_factory=dict)
