import json
<<<<<<< HEAD
import os
=======
import sys
>>>>>>> feature/args

print(json, os, sys)
