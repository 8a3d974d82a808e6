package shelf

import "unicode/utf8"

func c() int {
	return utf8.RuneCountInString("a")
}
