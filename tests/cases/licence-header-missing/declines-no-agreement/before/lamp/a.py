# Licence: MIT
