package shelf

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"ex.com/log"
)

func a(w *bytes.Buffer) {
	log.Print(strings.ToUpper(w.String()), os.Args)
	fmt.Println(strings.TrimSpace("a"))
}
