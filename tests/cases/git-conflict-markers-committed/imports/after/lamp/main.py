import json
import os
import sys

print(json, os, sys)
