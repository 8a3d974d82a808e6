class  Box {}
