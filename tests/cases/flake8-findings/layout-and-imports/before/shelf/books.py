import os
import sys, re
from typing import Dict, List

def find(names,title) -> List[str]:
    found=[]
    print( sys.argv[0] ) 
   

    if names: #all of them
        found.extend(names)
    print(f"done")
PATTERN = re.compile("\d+");


