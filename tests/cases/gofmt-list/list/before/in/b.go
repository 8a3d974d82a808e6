package in
func b() {}
