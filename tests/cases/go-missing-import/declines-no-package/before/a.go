package shelf

func a() string {
	return path
}
