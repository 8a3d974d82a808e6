#!/bin/sh
more="a $1"
gcc $more
