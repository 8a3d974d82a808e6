#!/bin/sh
echo "::set-env name=STAGE::test"
echo "::add-path::$PWD/bin"
