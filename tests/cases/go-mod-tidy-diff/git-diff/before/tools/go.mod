module ex.com/tools
