package shelf

func c() int {
	return utf8.RuneCountInString("a")
}
