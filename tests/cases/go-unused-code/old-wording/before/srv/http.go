// Package srv serves.
package srv

import "fmt"

func Port() (int, error) {
	var name = "srv" + "-1"
	port, err := find()
	text, err := read(port)
	return 80, err
}
