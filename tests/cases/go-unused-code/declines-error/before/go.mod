module ex.com/shelf

go 1.22
