package shelf
func a() {}
