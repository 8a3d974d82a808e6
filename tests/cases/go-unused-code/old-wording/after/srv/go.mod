module ex.com/srv

go 1.17
